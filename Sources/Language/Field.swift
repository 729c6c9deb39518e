/// The shape of a value, as schemas, `drover explain` and messages describe it.
package indirect enum Shape: Sendable {
    /// `pattern` is a regular expression in the dialect that JSON Schema and Swift share.
    case text(pattern: String? = nil)
    case integer(minimum: Int? = nil, maximum: Int? = nil)
    case number(minimum: Double? = nil, maximum: Double? = nil)
    case boolean
    /// `250ms`, `30s`, `5m`, `12h`, `7d`.
    case duration
    /// `512KiB`, `8MiB`, `1GiB`.
    case size
    case secret
    case choice([String])
    /// Any YAML value, or only maps.
    case data(mapOnly: Bool = false)
    case list(Shape, minimum: Int = 0)
    /// `names` says whether the keys must match the pattern of declared names.
    case map(Shape, names: Bool = false)
    case object(any SpecDecodable.Type)
    /// The name of a declared thing of a kind; `orID` also lets a server's own id stand there.
    case name(of: String, orID: Bool)
    case alternatives([Shape])
}

/// One field of a spec: what `drover explain` prints and the schema holds.
package struct Field: Sendable {
    package let name: String
    package let shape: Shape
    package let isRequired: Bool
    package let summary: String
    package let defaultText: String?
    package let example: String?
}

/// A field with the Swift type that it is decoded into: declared once, so that schema and decoder agree.
package struct Key<Value: Sendable>: Sendable {
    package let field: Field
    let reading: Reading<Value>

    package init(
        _ name: String,
        _ reading: Reading<Value>,
        required: Bool = false,
        default defaultText: String? = nil,
        example: String? = nil,
        _ summary: String
    ) {
        self.field = Field(
            name: name, shape: reading.shape, isRequired: required, summary: summary, defaultText: defaultText,
            example: example)
        self.reading = reading
    }
}

/// A part of a spec that is a map with known keys.
///
/// `init(from:)` reads on after a problem; all problems are reported together.
package protocol SpecDecodable: Sendable {
    /// With its article, for messages: `an agent`.
    static var noun: String { get }
    /// Drives decoding, suggestions, schemas and `drover explain`.
    static var fields: [Field] { get }
    /// Groups of fields of which exactly one must be there; none by default.
    static var exactlyOne: [[String]] { get }

    init(from fields: inout Fields)
}

extension SpecDecodable {
    package static var exactlyOne: [[String]] { [] }
}
