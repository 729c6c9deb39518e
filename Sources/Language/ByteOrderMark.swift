/// The byte order mark U+FEFF that some editors write before text; it is not part of the text.
package enum ByteOrderMark {
    private static let bytes: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// The bytes of a text without the mark at their start.
    package static func removed(from text: [UInt8]) -> [UInt8] {
        text.starts(with: bytes) ? Array(text.dropFirst(bytes.count)) : text
    }

    /// The bytes of a YAML stream without the marks at its start and before each `---`, where files were joined.
    static func removed(fromYAML text: [UInt8]) -> [UInt8] {
        let text = removed(from: text)
        let places = places(in: text)
        guard !places.isEmpty else { return text }
        var kept: [UInt8] = []
        var start = 0
        for place in places {
            kept += text[start..<place]
            start = place + bytes.count
        }
        return kept + text[start...]
    }

    /// Where a mark stands at the start of a line that begins a document.
    private static func places(in text: [UInt8]) -> [Int] {
        let wanted = bytes + Array("---".utf8)
        return text.withUnsafeBufferPointer { text in
            var places: [Int] = []
            for index in text.indices.dropFirst() where text[index] == 0xEF {
                let startsLine = text[index - 1] == 0x0A || text[index - 1] == 0x0D
                if startsLine, text[index...].starts(with: wanted) { places.append(index) }
            }
            return places
        }
    }
}
