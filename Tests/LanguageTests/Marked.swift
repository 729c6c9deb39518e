import Language

/// A source with markers in it: `①` and `②` stand for the start and the end of a place and are taken out.
struct Marked {
    let source: Source
    let start: SourcePosition
    let end: SourcePosition

    init(_ text: String, path: String = "spec.yaml") {
        var plain = String.UnicodeScalarView()
        var position = SourcePosition(line: 1, column: 1)
        var places: [Unicode.Scalar: SourcePosition] = [:]
        for scalar in text.unicodeScalars {
            if scalar == "①" || scalar == "②" {
                places[scalar] = position
                continue
            }
            plain.append(scalar)
            if scalar != "\u{FEFF}" { position.column += 1 }  // A byte order mark is no part of the text.
            if scalar == "\n" { position = SourcePosition(line: position.line + 1, column: 1) }
        }
        source = Source(path: path, bytes: Array(String(plain).utf8))
        start = places["①"] ?? SourcePosition(line: 0, column: 0)
        end = places["②"] ?? start
    }

    var range: SourceRange {
        SourceRange(source: SourceID(index: 0), start: start, end: end)
    }
}

/// Reads one text as the first source.
func reading(_ text: String) -> Reader.Reading {
    Reader.reading(Source(path: "spec.yaml", bytes: Array(text.utf8)), id: SourceID(index: 0))
}

/// The only document of a text that must be correct.
func node(_ text: String) throws -> Node {
    let documents = try Reader.read(Source(path: "spec.yaml", bytes: Array(text.utf8)), id: SourceID(index: 0))
    guard documents.count == 1 else { throw WrongCount(count: documents.count) }
    return documents[0]
}

struct WrongCount: Error {
    let count: Int
}

extension Node {
    /// The node without places; a pending template is the object `{"$pending": text}`.
    var value: Value {
        switch content {
        case .null: .null
        case .bool(let value): .bool(value)
        case .integer(let value): .integer(value)
        case .bigInteger(let digits): .bigInteger(digits)
        case .number(let value): .number(value)
        case .string(let value): .string(value)
        case .sequence(let elements): .array(elements.map(\.value))
        case .mapping(let entries): .object(Dictionary(entries.map { ($0.key, $0.value.value) }) { _, last in last })
        case .pending(let template): .object(["$pending": .string(template.text)])
        }
    }
}

extension Value {
    /// Whether two values are equal, `1` and `1.0` being so.
    func isSame(as other: Value) -> Bool {
        switch (self, other) {
        case (.array(let left), .array(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.isSame(as: $1) }
        case (.object(let left), .object(let right)):
            left.keys == right.keys
                && left.allSatisfy { key, value in right[key].map { value.isSame(as: $0) } ?? false }
        case (.integer, .number), (.number, .integer): double == other.double
        case _: self == other
        }
    }
}
