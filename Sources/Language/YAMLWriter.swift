/// Writes a tree as canonical YAML: block style, two spaces, quotes around text that would read as another type.
///
///     stack: helpdesk
///     agents:
///       support:
///         maxSteps: 8
package struct YAMLWriter {
    private var text = ""
    private let comment: (SourceRange) -> String?

    private init(comment: @escaping (SourceRange) -> String?) {
        self.comment = comment
    }

    /// The text of a map, with a final line break; `comment` returns what follows `#` on the line of a field or an
    /// element, if anything.
    package static func write(_ root: Node, comment: @escaping (SourceRange) -> String? = { _ in nil }) -> String {
        var writer = YAMLWriter(comment: comment)
        if case .mapping(let entries) = root.content, !entries.isEmpty {
            writer.write(entries, depth: 0)
        } else {
            writer.text += writer.inline(root, depth: 0) + "\n"
        }
        return writer.text
    }

    private mutating func write(_ entries: [Node.Entry], depth: Int, isInItem: Bool = false) {
        for (index, entry) in entries.enumerated() {
            if index > 0 || !isInItem { indent(depth) }
            text += Self.quoted(entry.key) + ":"
            writeValue(entry.value, place: entry.keyRange, depth: depth)
        }
    }

    private mutating func writeValue(_ node: Node, place: SourceRange, depth: Int) {
        switch node.content {
        case .mapping(let entries) where !entries.isEmpty:
            endLine(place)
            write(entries, depth: depth + 1)
        case .sequence(let elements) where !elements.isEmpty:
            endLine(place)
            write(elements, depth: depth + 1)
        case .null, .bool, .integer, .bigInteger, .number, .string, .sequence, .mapping, .pending:
            writeScalar(node, depth: depth)
        }
    }

    private mutating func write(_ elements: [Node], depth: Int) {
        for element in elements {
            indent(depth)
            text += "-"
            switch element.content {
            case .mapping(let entries) where !entries.isEmpty:
                text += " "
                write(entries, depth: depth + 1, isInItem: true)
            case .sequence(let inner) where !inner.isEmpty:
                endLine(element.range)
                write(inner, depth: depth + 1)
            case .null, .bool, .integer, .bigInteger, .number, .string, .sequence, .mapping, .pending:
                writeScalar(element, depth: depth)
            }
        }
    }

    private mutating func writeScalar(_ node: Node, depth: Int) {
        if case .string(let string) = node.content, Self.isBlock(string) {
            text += string.hasSuffix("\n") ? " |" : " |-"
            endLine(node.range)
            for line in string.dropLast(string.hasSuffix("\n") ? 1 : 0).split(
                separator: "\n", omittingEmptySubsequences: false)
            {
                if !line.isEmpty { indent(depth + 1) }
                text += line + "\n"
            }
        } else {
            text += " " + inline(node, depth: depth)
            endLine(node.range)
        }
    }

    private mutating func endLine(_ place: SourceRange) {
        if let comment = comment(place) { text += "  # \(comment)" }
        text += "\n"
    }

    private mutating func indent(_ depth: Int) {
        text += String(repeating: "  ", count: depth)
    }

    private func inline(_ node: Node, depth: Int) -> String {
        switch node.content {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .bigInteger(let digits): digits
        case .number(let value): Self.spelled(value)
        case .string(let value): Self.quoted(value)
        case .sequence: "[]"
        case .mapping: "{}"
        case .pending(let template): Self.quoted(template.text)
        }
    }

    private static func spelled(_ number: Double) -> String {
        if number.isNaN { return ".nan" }
        if number.isInfinite { return number < 0 ? "-.inf" : ".inf" }
        return Value.number(number).canonicalJSON
    }

    /// Whether a text of several lines can be written unchanged in a block.
    private static func isBlock(_ text: String) -> Bool {
        guard text.contains("\n"), !text.hasSuffix("\n\n"), let first = text.unicodeScalars.first,
            first != " ", first != "\n", first != "\t"
        else { return false }
        return text.unicodeScalars.allSatisfy { $0 == "\n" || isPrintable($0) }
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20..<0x7F, 0xA0..<0x2028, 0x202A..<0xD800, 0xE000..<0xFEFF, 0xFF00..<0xFFFE, 0x10000...0x10FFFF: true
        case _: false
        }
    }

    /// A text as a plain scalar where it reads back as the same text, else in double quotes.
    static func quoted(_ text: String) -> String {
        isPlain(text) ? text : doubleQuoted(text)
    }

    private static func isPlain(_ text: String) -> Bool {
        var text = text
        guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last, last != " ", last != ":",
            first.properties.isAlphabetic || first == "/" || first == "." || first == "$" || first.isDigit,
            text.withUTF8({ Scalars.meaning(of: $0) }) == .string, !isSpecialElsewhere(text)
        else { return false }
        return text.unicodeScalars.allSatisfy { isPrintable($0) && !",[]{}\"'`#&*!|>%@\\".unicodeScalars.contains($0) }
            && !text.contains(": ")
    }

    /// Text that YAML 1.1 readers take for a boolean, a number or a date.
    private static func isSpecialElsewhere(_ text: String) -> Bool {
        if ["y", "n", "yes", "no", "on", "off"].contains(text.lowercased()) { return true }
        guard let first = text.unicodeScalars.first, first.isDigit || first == "." else { return false }
        return text.unicodeScalars.allSatisfy { $0.isDigit || ":._-+eExXoObBTZ".unicodeScalars.contains($0) }
    }

    private static func doubleQuoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case "\r": quoted += "\\r"
            case _ where isPrintable(scalar): quoted.unicodeScalars.append(scalar)
            case _:
                let hex = String(scalar.value, radix: 16, uppercase: true)
                quoted += (scalar.value > 0xFFFF ? "\\U" : "\\u")
                quoted += String(repeating: "0", count: (scalar.value > 0xFFFF ? 8 : 4) - hex.count) + hex
            }
        }
        return quoted + "\""
    }
}

extension Unicode.Scalar {
    fileprivate var isDigit: Bool {
        ("0"..."9").contains(self)
    }
}
