/// Parses the text of a `JSONPath` from left to right.
struct JSONPathParser {
    private let characters: [Character]
    private var position = 0

    init(_ source: String) {
        characters = Array(source)
    }

    mutating func parse() throws(MalformedJSONPath) -> [JSONPath.Step] {
        guard take("$") else { throw problem("A path begins with `$`") }
        var steps: [JSONPath.Step] = []
        while let character = current {
            switch character {
            case ".": try dotted(&steps)
            case "[": steps.append(try bracketed())
            case _: throw problem("`.` or `[` is expected")
            }
        }
        return steps
    }

    private var current: Character? {
        characters.indices.contains(position) ? characters[position] : nil
    }

    private mutating func take(_ character: Character) -> Bool {
        guard current == character else { return false }
        position += 1
        return true
    }

    private mutating func dotted(_ steps: inout [JSONPath.Step]) throws(MalformedJSONPath) {
        position += 1
        if take(".") {
            steps.append(.descendants)
            if current == "[" { return }
        }
        if take("*") {
            steps.append(.everything)
            return
        }
        let name = word()
        guard !name.isEmpty else { throw problem("A name or `*` is expected") }
        steps.append(.key(name))
    }

    /// Letters, digits, `_` and `-`; all other names need brackets and quotes.
    private mutating func word() -> String {
        let name = characters[position...].prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
        position += name.count
        return String(name)
    }

    private mutating func bracketed() throws(MalformedJSONPath) -> JSONPath.Step {
        position += 1
        let step: JSONPath.Step
        if take("*") {
            step = .everything
        } else if let quote = current, quote == "'" || quote == "\"" {
            step = .key(try quoted(by: quote))
        } else {
            step = .index(try index())
        }
        guard take("]") else { throw problem("`]` is expected") }
        return step
    }

    private mutating func index() throws(MalformedJSONPath) -> Int {
        let text = characters[position...].prefix { $0 == "-" || $0.isASCII && $0.isNumber }
        guard let index = Int(String(text)) else { throw problem("A whole number, a quoted key or `*` is expected") }
        position += text.count
        return index
    }

    private mutating func quoted(by quote: Character) throws(MalformedJSONPath) -> String {
        position += 1
        var text = ""
        while let character = current {
            position += 1
            if character == quote { return text }
            if character == "\\", let escaped = current {
                position += 1
                text.append(escaped)
            } else {
                text.append(character)
            }
        }
        throw problem("The closing `\(quote)` is missing")
    }

    private func problem(_ wanted: String) -> MalformedJSONPath {
        let place = current.map { "at character \(position + 1), `\($0)`" } ?? "at the end"
        return MalformedJSONPath(reason: "\(wanted) \(place).")
    }
}
