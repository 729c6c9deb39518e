package import Language

extension Value {
    private static let words = ["NaN", "-Infinity", "Infinity"].map { Array($0.utf8) }

    /// Reads JSON as Python's `json.dumps` writes it: numbers that JSON does not have (`NaN`, `Infinity`, `-Infinity`)
    /// are bare words there, and become these words as text.
    ///
    /// - Throws: As for any text that is not JSON.
    package init(pythonJSON text: String) throws {
        do {
            try self.init(json: text.utf8)
        } catch {
            guard let quoted = Self.quotingWords(of: Array(text.utf8)) else { throw error }
            try self.init(json: quoted)
        }
    }

    /// The same JSON with these words in quotes; nil where there are none.
    private static func quotingWords(of json: [UInt8]) -> [UInt8]? {
        let quote = UInt8(ascii: "\"")
        var quoted: [UInt8] = []
        var isText = false
        var found = false
        var index = 0
        while index < json.count {
            let byte = json[index]
            if !isText, let word = words.first(where: { json[index...].starts(with: $0) }) {
                quoted += [quote] + word + [quote]
                index += word.count
                found = true
                continue
            }
            if byte == quote { isText.toggle() }
            quoted.append(byte)
            index += 1
            if isText, byte == UInt8(ascii: "\\"), index < json.count {
                quoted.append(json[index])
                index += 1
            }
        }
        return found ? quoted : nil
    }
}
