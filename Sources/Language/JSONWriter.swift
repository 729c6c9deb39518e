/// Writes values as JSON: keys sorted, floats in Swift's shortest form, control characters escaped. A logged agent
/// writes the same with Python's `json.dumps`, so that both find a server agent by the digest of its definition.
struct JSONWriter {
    private(set) var text = ""
    private let indentation: Int
    private var depth = 0

    init(indentation: Int = 0) {
        self.indentation = indentation
    }

    mutating func write(_ value: Value) {
        switch value {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .bigInteger(let digits): text += digits
        case .number(let value): text += value.isFinite ? spelled(value) : "null"
        case .string(let value): write(value)
        case .array(let values):
            group("[", "]", isEmpty: values.isEmpty) { writer in
                for (index, value) in values.enumerated() {
                    writer.separate(first: index == 0)
                    writer.write(value)
                }
            }
        case .object(let object):
            group("{", "}", isEmpty: object.isEmpty) { writer in
                let sorted = object.sorted { $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars) }
                for (index, entry) in sorted.enumerated() {
                    writer.separate(first: index == 0)
                    writer.write(entry.key)
                    writer.text += writer.indentation > 0 ? ": " : ":"
                    writer.write(entry.value)
                }
            }
        }
    }

    private func spelled(_ number: Double) -> String {
        if let integer = Int(exactly: number), abs(number) < 1e15 { return "\(integer).0" }
        return "\(number)"
    }

    private mutating func group(_ open: String, _ close: String, isEmpty: Bool, _ body: (inout JSONWriter) -> Void) {
        text += open
        depth += 1
        body(&self)
        depth -= 1
        if !isEmpty { breakLine() }
        text += close
    }

    private mutating func separate(first: Bool) {
        if !first { text += "," }
        breakLine()
    }

    private mutating func breakLine() {
        guard indentation > 0 else { return }
        text += "\n" + String(repeating: " ", count: depth * indentation)
    }

    private mutating func write(_ string: String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{8}": text += "\\b"
            case "\u{C}": text += "\\f"
            // What may be shown on a terminal is also escaped where it is legal as it is.
            case _ where scalar.value < 0x20 || indentation > 0 && Printable.isControl(scalar):
                let hex = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            case _: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
