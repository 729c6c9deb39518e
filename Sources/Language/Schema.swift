/// Writes the fields of a spec as JSON Schema 2020-12; each kind of map once, under `$defs`.
package struct Schema {
    private var definitions: [String: Value] = [:]
    private var names: [ObjectIdentifier: String] = [:]

    /// The schema of a map with these fields at the top of a document; the identity becomes its `$id`.
    package static func document(_ fields: [Field], title: String, identity: String) -> Value {
        var schema = Schema()
        var document = schema.map(fields, rules: [], takesOneField: false, companions: [:])
        document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        document["$id"] = .string(identity)
        document["title"] = .string(title)
        schema.definitions["reference"] = [
            "type": "string", "pattern": #"^\$\{[^}]*\}$"#,
            "description": "One reference, such as `${var.NAME}` or `${env.NAME:-default}`.",
        ]
        schema.definitions["template"] = [
            "type": "string", "pattern": #"\$\{"#, "description": "Text with references in it, such as `${var.NAME}`.",
        ]
        document["$defs"] = .object(schema.definitions)
        return .object(document)
    }

    private mutating func map(
        _ fields: [Field], rules: [FieldRule], takesOneField: Bool, companions: [String: Set<String>]
    ) -> [String: Value] {
        var properties: [String: Value] = [:]
        for field in fields {
            let isTheOne = takesOneField && companions[field.name] == nil
            properties[field.name] = property(field, isNullable: !field.isRequired && !isTheOne)
        }
        var map: [String: Value] = [
            "type": "object", "properties": .object(properties), "patternProperties": ["^x-": true],
            "additionalProperties": false,
        ]
        let required = fields.filter(\.isRequired).map(\.name)
        if !required.isEmpty { map["required"] = .array(required.map { .string($0) }) }
        if takesOneField {
            let alone = fields.filter { companions[$0.name] == nil }
            map["oneOf"] = .array(alone.map { Self.only($0.name, companions) })
        } else if !rules.isEmpty {
            map["allOf"] = .array(rules.map(Self.rule))
        }
        return map
    }

    /// That a map has this field, and none that may not stand beside it.
    private static func only(_ name: String, _ companions: [String: Set<String>]) -> Value {
        let others = companions.filter { !$0.value.contains(name) }.keys.sorted()
        guard !others.isEmpty else { return ["required": [.string(name)]] }
        let required = others.map { Value.object(["required": [.string($0)]]) }
        return ["required": [.string(name)], "not": ["anyOf": .array(required)]]
    }

    private mutating func property(_ field: Field, isNullable: Bool) -> Value {
        var property = schema(of: field.shape)
        if isNullable { property = Self.nullable(property) }
        let defaultText = field.defaultText.map { " Default: `\($0)`." } ?? ""
        property["description"] = .string(field.summary + defaultText)
        return .object(property)
    }

    private mutating func schema(of shape: Shape) -> [String: Value] {
        switch shape {
        case .text(let pattern): Self.text(pattern)
        case .path, .name: ["type": "string", "minLength": 1]
        case .command: list(.text(pattern: #"[\s\S]"#), 1)
        case .integer(let minimum, let maximum):
            Self.orReference(Self.bounded("integer", minimum.map(Value.integer), maximum.map(Value.integer)))
        case .number(let minimum, let maximum):
            Self.orReference(Self.bounded("number", minimum.map(Value.number), maximum.map(Value.number)))
        case .boolean: Self.orReference(["type": "boolean"])
        case .duration: Self.orReference(["type": "string", "pattern": .string(Quantity.durationPattern)])
        case .secret: ["$ref": .string(reference(to: SecretFields.self))]
        case .choice(let options): Self.orReference(["enum": .array(options.map { .string($0) })])
        case .data(let mapOnly): mapOnly ? ["type": "object"] : [:]
        case .list(let element, let minimum): list(element, minimum)
        case .map(let element, let names): map(of: element, names: names)
        case .object(let type): ["$ref": .string(reference(to: type))]
        case .alternatives(let shapes): ["anyOf": .array(shapes.map { .object(schema(of: $0)) })]
        }
    }

    private mutating func list(_ element: Shape, _ minimum: Int) -> [String: Value] {
        var list: [String: Value] = ["type": "array", "items": .object(schema(of: element))]
        if minimum > 0 { list["minItems"] = .integer(minimum) }
        return list
    }

    private mutating func map(of element: Shape, names: Bool) -> [String: Value] {
        var map: [String: Value] = ["type": "object", "additionalProperties": .object(schema(of: element))]
        if names { map["propertyNames"] = ["pattern": .string(DeclaredName.pattern)] }
        return map
    }

    /// The reference to a map's definition, which is made on first use.
    private mutating func reference(to type: any Described.Type) -> String {
        let identifier = ObjectIdentifier(type)
        if let name = names[identifier] { return "#/$defs/\(name)" }
        let wanted = Self.name(of: type)
        let isTaken = definitions[wanted] != nil
        let name = isTaken ? "\(wanted)-\(definitions.keys.count { $0.hasPrefix(wanted) } + 1)" : wanted
        names[identifier] = name
        definitions[name] = true  // Reserved, for recursion.
        definitions[name] = .object(
            map(
                type.fields, rules: type.rules, takesOneField: type.takesOneField, companions: type.companions))
        return "#/$defs/\(name)"
    }

    /// The noun without its article, as one word: `vector-store`.
    private static func name(of type: any Described.Type) -> String {
        let words = type.noun.split { !$0.isLetter && !$0.isNumber }
        return words.dropFirst(["a", "an"].contains(words.first) ? 1 : 0).joined(separator: "-")
    }

    private static func text(_ pattern: String?) -> [String: Value] {
        guard let pattern else { return ["type": "string"] }
        if pattern == #"[\s\S]"# { return ["type": "string", "minLength": 1] }
        return ["anyOf": [["type": "string", "pattern": .string(pattern)], ["$ref": "#/$defs/template"]]]
    }

    private static func bounded(_ type: Value, _ minimum: Value?, _ maximum: Value?) -> [String: Value] {
        var schema: [String: Value] = ["type": type]
        schema["minimum"] = minimum
        schema["maximum"] = maximum
        return schema
    }

    /// A scalar that may also be a reference.
    private static func orReference(_ schema: [String: Value]) -> [String: Value] {
        ["anyOf": [.object(schema), ["$ref": "#/$defs/reference"]]]
    }

    /// `null` counts as a missing field.
    private static func nullable(_ schema: [String: Value]) -> [String: Value] {
        if schema.isEmpty { return schema }
        var nullable = schema
        if let type = schema["type"]?.string {
            nullable["type"] = [.string(type), "null"]
        } else if let alternatives = schema["anyOf"]?.array {
            nullable["anyOf"] = .array(alternatives + [["type": "null"]])
        } else {
            nullable = ["anyOf": [.object(schema), ["type": "null"]]]
        }
        return nullable
    }

    private static func rule(_ rule: FieldRule) -> Value {
        switch rule {
        case .exactlyOne(let names): ["oneOf": .array(names.map(there))]
        case .atLeastOne(let names): ["anyOf": .array(names.map(there))]
        case .atMostOne(let names):
            ["oneOf": .array(names.map(there) + [["not": ["anyOf": .array(names.map(there))]]])]
        case .needs(let name, let other, _): ["if": there(name), "then": there(other)]
        }
    }

    /// Requires that a field is present and not `null`.
    private static func there(_ name: String) -> Value {
        ["required": [.string(name)], "properties": [name: ["not": ["type": "null"]]]]
    }
}
