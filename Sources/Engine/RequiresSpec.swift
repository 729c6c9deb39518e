package import Language

/// What must be there to read a spec.
///
///     requires: {drover: ">= 0.2"}
package struct RequiresSpec: SpecDecodable {
    package static let noun = "a set of requirements"
    package static let key = Key<RequiresSpec>(
        "requires", .object(), example: #"{drover: ">= 0.1"}"#, "What must be there to read this spec.")
    private static let droverKey = Key<Located<String>>(
        "drover", .located(.someText).shaped(.text(pattern: VersionRange.pattern)), required: true,
        example: "\">= 0.1, < 1\"",
        "The versions of drover that read it: `>=`, `<=`, `>`, `<`, `=` and `~`, joined by commas. Each looks at as many "
            + "parts of the version as it has itself.")
    package static let fields = [droverKey.field]

    private let drover: Located<String>
    private let range: VersionRange?

    package init(from fields: inout Fields) {
        let missing = Located("", at: fields.node.range)
        drover = fields.require(Self.droverKey, else: missing)
        range = VersionRange(drover.value)
        if range == nil, !fields.isDoubtful(Self.droverKey) { fields.problems.report(.badVersionRange(drover)) }
    }

    /// Why a version of drover cannot read the spec; nil when it can.
    package func problem(of version: String) -> Diagnostic? {
        guard let range, !range.contains(version) else { return nil }
        return .otherVersionRequired(drover, version)
    }
}

extension Diagnostic {
    fileprivate static func badVersionRange(_ text: Located<String>) -> Diagnostic {
        Diagnostic(
            "bad-version-range", "Unreadable range of versions", detail: "`\(text.value)` is no range of versions.",
            fix: #"Write comparators with a version, joined by commas, such as `">= 0.2, < 1"`; there are `>=`, `<=`, "#
                + "`>`, `<`, `=` and `~`.",
            at: text.range)
    }

    fileprivate static func otherVersionRequired(_ text: Located<String>, _ version: String) -> Diagnostic {
        Diagnostic(
            "other-version-required", "The spec requires another version of drover",
            detail: "This is drover \(version), and the spec requires `\(text.value)`.",
            fix: "Use a version of drover that meets it. Nothing else of the spec was checked.", at: text.range)
    }
}
