/// The shape of a value, as schemas, `drover explain` and messages describe it.
package indirect enum Shape: Sendable {
    /// `pattern` is a regular expression in the dialect that JSON Schema and Swift share.
    case text(pattern: String? = nil)
    /// The path of a file, or a glob: relative to the file in which it is written.
    case path
    /// A program and its arguments: a list of at least one text. The first is a path, relative to the file in which it
    /// is written, or a name without `/`, which `PATH` finds.
    case command
    case integer(minimum: Int? = nil, maximum: Int? = nil)
    case number(minimum: Double? = nil, maximum: Double? = nil)
    case boolean
    /// `250ms`, `30s`, `5m`, `12h`, `7d`.
    case duration
    case secret
    case choice([String])
    /// Any YAML value, or only maps.
    case data(mapOnly: Bool = false)
    case list(Shape, minimum: Int = 0)
    /// `names` says whether the keys must match the pattern of declared names.
    case map(Shape, names: Bool = false)
    case object(any Described.Type)
    /// The name of a declaration of a kind; `orID` also allows a server's own id.
    case name(of: String, orID: Bool)
    case alternatives([Shape])
}

extension Shape {
    /// Whether it takes any YAML value, so that `null` is one, too.
    var isAnyData: Bool {
        guard case .data(mapOnly: false) = self else { return false }
        return true
    }

    /// Whether a value of this shape is a secret, or has secrets as elements.
    var holdsSecrets: Bool {
        switch self {
        case .secret: true
        case .list(let element, _): element.holdsSecrets
        case .map(let element, _): element.holdsSecrets
        case .alternatives(let shapes): shapes.contains(where: \.holdsSecrets)
        case .text, .path, .command, .integer, .number, .boolean, .duration, .choice, .data, .object, .name: false
        }
    }
}

/// One field of a spec: what `drover explain` prints and the schema holds.
package struct Field: Sendable {
    package let name: String
    package let shape: Shape
    package let isRequired: Bool
    package let summary: String
    package let defaultText: String?
    package let example: String?
    /// The version of drover that introduced it.
    package let since: String

    package init(
        _ name: String, _ shape: Shape, isRequired: Bool = false, default defaultText: String? = nil,
        example: String? = nil, since: String = "0.1", _ summary: String
    ) {
        self.name = name
        self.shape = shape
        self.isRequired = isRequired
        self.summary = summary
        self.defaultText = defaultText
        self.example = example
        self.since = since
    }
}

/// A field with the Swift type that it is decoded into, declared once so that schema and decoder agree.
package struct Key<Value: Sendable>: Sendable {
    package let field: Field
    let reading: Reading<Value>

    package init(
        _ name: String,
        _ reading: Reading<Value>,
        required: Bool = false,
        default defaultText: String? = nil,
        example: String? = nil,
        since: String = "0.1",
        _ summary: String
    ) {
        self.field = Field(
            name, reading.shape, isRequired: required, default: defaultText, example: example, since: since, summary)
        self.reading = reading
    }
}

/// A rule about which fields of a map go together; a field that is `null` counts as missing, except for `atMostOne`
/// where the field takes any data.
package enum FieldRule: Sendable, Hashable {
    case exactlyOne([String])
    case atLeastOne([String])
    case atMostOne([String])
    /// The first field makes no sense without the second; `because` is a full sentence for the message.
    case needs(String, String, because: String)
}

/// A map with known keys, as schemas and `drover explain` describe it.
package protocol Described: Sendable {
    /// With its article, for messages: `an agent`.
    static var noun: String { get }
    /// Drives decoding, suggestions, schemas and `drover explain`.
    static var fields: [Field] { get }
    /// Which fields go together; nothing by default.
    static var rules: [FieldRule] { get }
    /// Whether the map has one field, whichever it is.
    static var takesOneField: Bool { get }
    /// The fields that may stand beside the one, and beside which ones.
    static var companions: [String: Set<String>] { get }
}

extension Described {
    package static var rules: [FieldRule] { [] }

    package static var takesOneField: Bool { false }

    package static var companions: [String: Set<String>] { [:] }
}

/// A part of a spec that is a map with known keys.
///
/// `init(from:)` reads on after a problem; all problems are reported together.
package protocol SpecDecodable: Described {
    init(from fields: inout Fields)
}
