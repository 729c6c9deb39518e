package import Language

/// `{min: 10, max: 400}`: a minimum and a maximum, both inclusive; one of them may be missing.
package struct Bounds: SpecDecodable {
    private static let min = Key("min", .integer(minimum: 0), "The least that is allowed.")
    private static let max = Key("max", .integer(minimum: 0), example: "400", "The most that is allowed.")
    package static let noun = "a range"
    package static let rules = [FieldRule.atLeastOne(["min", "max"])]
    package static let fields = [min.field, max.field]

    let min: Int?
    let max: Int?

    package init(from fields: inout Fields) {
        min = fields.read(Self.min)
        max = fields.read(Self.max)
        if let min, let max, min > max { fields.problems.report(.emptyRange(min, max, at: fields.range(of: "min"))) }
    }

    func contains(_ count: Int) -> Bool {
        count >= min ?? 0 && count <= max ?? .max
    }

    var text: String {
        switch (min, max) {
        case (let min?, let max?): "\(min) to \(max)"
        case (let min?, nil): "at least \(min)"
        case (nil, let max?): "at most \(max)"
        case (nil, nil): "any number of"
        }
    }
}

extension Diagnostic {
    fileprivate static func emptyRange(_ min: Int, _ max: Int, at range: SourceRange?) -> Diagnostic {
        Diagnostic(
            "impossible-count", "Impossible count", detail: "No number is at least \(min) and at most \(max).",
            fix: "Exchange `min` and `max`, or leave one of them out.", at: range)
    }
}
