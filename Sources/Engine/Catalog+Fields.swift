package import Language

extension Catalog {
    /// All top-level fields of a spec, for schemas and `drover explain`.
    package var fields: [Field] {
        [Self.versionKey.field, Self.stackKey.field] + settings
            + sections.map { Field($0.key, .map(.object($0.spec), names: true), $0.summary) }
    }
}
