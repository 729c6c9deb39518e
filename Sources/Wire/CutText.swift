import Language

/// A JSON string that is read in pieces, as its bytes arrive.
struct CutText: Sendable {
    enum Piece: Sendable {
        case text(String)
        /// What arrived is not within a JSON string.
        case noJSON
    }

    let place: RepeatedText
    /// The incomplete end of what has arrived so far.
    private var rest: [UInt8] = []

    init(_ place: RepeatedText) {
        self.place = place
    }

    mutating func next(_ bytes: UnsafeBufferPointer<UInt8>) -> Piece {
        let all = rest + bytes
        let whole = Self.whole(all[...])
        rest = Array(all[whole...])
        return Self.read(all[..<whole])
    }

    mutating func end() -> Piece {
        defer { rest = [] }
        return Self.read(rest[...])
    }

    private static func read(_ bytes: ArraySlice<UInt8>) -> Piece {
        let mark = [UInt8(ascii: "\"")]
        guard !bytes.isEmpty else { return .text("") }
        // Invalid JSON is reported as such.
        guard let text = try? Value(json: (mark + bytes + mark).repaired).string else { return .noJSON }
        return .text(text)
    }

    /// How many bytes there are up to the end of the last whole character: neither an escape nor a pair of them, nor
    /// one in several bytes, is cut in two.
    static func whole(_ bytes: ArraySlice<UInt8>) -> Int {
        // Without escapes, only the last character can be cut.
        let hasEscapes = bytes.withUnsafeBufferPointer { $0.first(UInt8(ascii: "\\"), in: 0..<$0.count) != nil }
        var index = bytes.startIndex
        if !hasEscapes, let last = bytes.suffix(4).lastIndex(where: { !(0x80...0xBF ~= $0) }) { index = last }
        while index < bytes.endIndex {
            guard let end = end(ofCharacterAt: index, in: bytes) else { break }
            index = end
        }
        return index - bytes.startIndex
    }

    /// nil when it is not known yet.
    private static func end(ofCharacterAt index: Int, in bytes: ArraySlice<UInt8>) -> Int? {
        if bytes[index] == UInt8(ascii: "\\") { return escape(at: index, in: bytes) }
        let following =
            switch bytes[index] {
            case 0xC2...0xDF: 1
            case 0xE0...0xEF: 2
            case 0xF0...0xF4: 3
            case _: 0
            }
        var end = index + 1
        while end <= index + following {
            guard end < bytes.endIndex else { return nil }
            guard 0x80...0xBF ~= bytes[end] else { break }
            end += 1
        }
        return end
    }

    /// The end of an escape: of `\ud83d`, the first half of a pair, with the second one, `\ude00`.
    private static func escape(at index: Int, in bytes: ArraySlice<UInt8>) -> Int? {
        guard index + 1 < bytes.endIndex else { return nil }
        guard bytes[index + 1] == UInt8(ascii: "u") else { return index + 2 }
        guard index + 6 <= bytes.endIndex else { return nil }
        guard isHalf(at: index, in: bytes, "89abAB") else { return index + 6 }
        let next = bytes[(index + 6)...].prefix(6)
        guard next.count < 6 else { return isHalf(at: index + 6, in: bytes, "cdefCDEF") ? index + 12 : index + 6 }
        return "\\u".utf8.starts(with: next.prefix(2)) ? nil : index + 6
    }

    private static func isHalf(at index: Int, in bytes: ArraySlice<UInt8>, _ second: String) -> Bool {
        bytes[index...].starts(with: "\\u".utf8) && bytes[index + 2] | 0x20 == UInt8(ascii: "d")
            && second.utf8.contains(bytes[index + 3])
    }
}

extension [UInt8] {
    /// As UTF-8: what is none is U+FFFD, as in every text that is read from a server.
    var repaired: [UInt8] {
        allSatisfy { $0 < 0x80 } ? self : Array(String(decoding: self, as: UTF8.self).utf8)
    }
}
