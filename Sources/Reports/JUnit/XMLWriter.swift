import Language

/// Writes XML 1.0 with indentation; characters that XML does not allow, or that control a terminal, are written as
/// `\u{1B}`.
struct XMLWriter {
    private(set) var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    private var depth = 0

    /// An element without content.
    mutating func element(_ name: String, _ attributes: [(String, String)]) {
        text += "\(indentation)<\(name)\(Self.spelled(attributes))/>\n"
    }

    /// An element with text; white space is preserved.
    mutating func element(_ name: String, _ attributes: [(String, String)], text content: String) {
        text += "\(indentation)<\(name)\(Self.spelled(attributes))>\(Self.escaped(content))</\(name)>\n"
    }

    /// An element with child elements; without any it is written as empty.
    mutating func element(_ name: String, _ attributes: [(String, String)], _ body: (inout XMLWriter) -> Void) {
        var inner = XMLWriter()
        inner.text = ""
        inner.depth = depth + 1
        body(&inner)
        guard !inner.text.isEmpty else { return element(name, attributes) }
        text += "\(indentation)<\(name)\(Self.spelled(attributes))>\n\(inner.text)\(indentation)</\(name)>\n"
    }

    /// Opens an element whose children are written one after another, until it is closed.
    mutating func open(_ name: String, _ attributes: [(String, String)]) {
        text += "\(indentation)<\(name)\(Self.spelled(attributes))>\n"
        depth += 1
    }

    /// Closes an element that was opened.
    mutating func close(_ name: String) {
        depth -= 1
        text += "\(indentation)</\(name)>\n"
    }

    /// The text written since the last call.
    mutating func takeText() -> String {
        defer { text = "" }
        return text
    }

    private var indentation: String {
        String(repeating: "  ", count: depth)
    }

    private static func spelled(_ attributes: [(String, String)]) -> String {
        attributes.map { " \($0)=\"\(escaped($1, inAttribute: true))\"" }.joined()
    }

    private static func escaped(_ text: String, inAttribute: Bool = false) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped.append(contentsOf: "&amp;".unicodeScalars)
            case "<": escaped.append(contentsOf: "&lt;".unicodeScalars)
            case ">": escaped.append(contentsOf: "&gt;".unicodeScalars)
            case "\"" where inAttribute: escaped.append(contentsOf: "&quot;".unicodeScalars)
            case "\r": escaped.append(contentsOf: "&#13;".unicodeScalars)
            // A parser turns these into spaces in an attribute.
            case "\n" where inAttribute: escaped.append(contentsOf: "&#10;".unicodeScalars)
            case "\t" where inAttribute: escaped.append(contentsOf: "&#9;".unicodeScalars)
            case "\n", "\t": escaped.append(scalar)
            case _ where isLegal(scalar) && !Printable.isControl(scalar): escaped.append(scalar)
            case _:
                let hex = String(scalar.value, radix: 16, uppercase: true)
                escaped.append(contentsOf: "\\u{\(hex)}".unicodeScalars)
            }
        }
        return String(escaped)
    }

    /// The characters of XML 1.0, section 2.2.
    private static func isLegal(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x9, 0xA, 0xD, 0x20...0xD7FF, 0xE000...0xFFFD, 0x1_0000...0x10_FFFF: true
        case _: false
        }
    }
}
