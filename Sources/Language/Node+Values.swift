extension Node {
    var isNull: Bool {
        if case .null = content { return true }
        return false
    }

    /// A whole number, as JSON Schema counts `8.0` among them; also one that is written as text in an environment
    /// variable.
    var integer: Int? {
        switch content {
        case .integer(let value): value
        case .number(let value): Int(exactly: value)
        case .string(let text) where isFromEnvironment: Int(text)
        case .null, .bool, .bigInteger, .string, .sequence, .mapping, .pending: nil
        }
    }

    /// A number, also one that is written as text in an environment variable.
    package var double: Double? {
        switch content {
        case .integer(let value): Double(value)
        case .bigInteger(let digits): Double(digits)
        case .number(let value): value
        case .string(let text) where isFromEnvironment: Double(text)
        case .null, .bool, .string, .sequence, .mapping, .pending: nil
        }
    }

    /// The node as free-form data; references that are not known yet are reported and become null, and numbers that
    /// JSON does not have are reported.
    package func value(_ problems: inout Problems) -> Value {
        problems.refuseInfinite(in: self)
        let value = value { template, range in
            problems.refuse(template, at: range)
            return .null
        }
        return value ?? .null
    }

    /// The node as free-form data with its references looked up; nil when one of them has no value.
    package func value(_ lookUp: (Template, SourceRange) -> Value?) -> Value? {
        switch content {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .integer(let value): return .integer(value)
        case .bigInteger(let digits): return .bigInteger(digits)
        case .number(let value): return .number(value)
        case .string(let value): return .string(value)
        case .sequence(let nodes):
            let values = nodes.compactMap { $0.value(lookUp) }
            return values.count == nodes.count ? .array(values) : nil
        case .mapping(let entries):
            let values = entries.compactMap { entry in entry.value.value(lookUp).map { (entry.key, $0) } }
            return values.count == entries.count ? .object(Dictionary(values) { first, _ in first }) : nil
        case .pending(let template): return lookUp(template, range)
        }
    }
}

extension Shape {
    /// Whether a node could be meant as this shape, judged by its outer type alone.
    func suits(_ node: Node) -> Bool {
        switch (self, node.content) {
        case (.text, .string), (.choice, .string), (.name, .string), (.duration, .string): true
        case (.text, .pending), (.name, .pending), (.path, .string): true
        case (.integer, .string): node.isFromEnvironment && node.integer != nil
        case (.number, .string): node.isFromEnvironment && node.double != nil
        case (.boolean, .string("true")), (.boolean, .string("false")): node.isFromEnvironment
        case (.integer, .integer), (.number, .integer), (.number, .bigInteger), (.number, .number): true
        case (.integer, .number): node.integer != nil
        case (.boolean, .bool), (.data(mapOnly: false), _): true
        case (.list, .sequence), (.command, .sequence), (.map, .mapping), (.object, .mapping), (.secret, .mapping): true
        case (.data(mapOnly: true), .mapping): true
        case (.alternatives(let shapes), _): shapes.contains { $0.suits(node) }
        case _: false
        }
    }
}
