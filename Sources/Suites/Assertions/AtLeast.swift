package import Language

/// `atLeast: {n: 2, of: [{contains: a}, {contains: b}, {contains: c}]}`: at least `n` of the expectations hold.
package struct AtLeast: Assertion, SpecDecodable {
    package static let key = Key(
        "atLeast", Reading.object(AtLeast.self), example: "{n: 2, of: [{contains: a}, {contains: b}, {contains: c}]}",
        "Expectations of which so many must hold.")

    private static let n = Key("n", .integer(minimum: 1), required: true, example: "2", "How many must hold.")
    private static let of = Key(
        "of", .list(.object(Expectation.self), minimum: 1), required: true, example: "[{contains: a}]",
        "The expectations to choose from.")
    package static let noun = "an `atLeast`"
    package static let fields = [n.field, of.field]

    let count: Int
    package let parts: [Expectation]

    package init(from fields: inout Fields) {
        count = fields.require(Self.n, else: 1)
        parts = fields.require(Self.of, else: [])
        guard count > parts.count, !parts.isEmpty else { return }
        fields.problems.report(.impossibleCount(count, parts.count, at: fields.range(of: "n")))
    }

    package var claim: String { "meets \(count) of: \(parts.map(\.claim).joined(separator: "; "))" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        try Quorum(parts, of: count).evaluate(observation)
    }
}

extension Diagnostic {
    fileprivate static func impossibleCount(_ count: Int, _ available: Int, at range: SourceRange?) -> Diagnostic {
        Diagnostic(
            "impossible-count", "Impossible count",
            detail: "\(count) expectations are wanted, and only \(available) are listed.",
            fix: "Lower `n`, or list more expectations.", at: range)
    }
}
