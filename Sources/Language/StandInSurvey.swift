/// Finds what libyaml would misread in a source, and which characters the source leaves unused.
struct StandInSurvey {
    struct Place {
        /// In Unicode scalars from the start of the source, as libyaml counts.
        var index: Int
        /// In bytes.
        var offset: Int
        /// The character there: the line break; for an escape, its backslash.
        var scalar: Unicode.Scalar
    }

    /// The characters chosen as stand-ins: 2,048 for the surrogates, and one for each line break.
    struct Choice {
        var block: UInt32
        var nextLine: Unicode.Scalar
        var lineSeparator: Unicode.Scalar
        var paragraphSeparator: Unicode.Scalar

        func standIn(for lineBreak: Unicode.Scalar) -> Unicode.Scalar {
            switch lineBreak {
            case StandInSurvey.breaks[0]: nextLine
            case StandInSurvey.breaks[1]: lineSeparator
            default: paragraphSeparator
            }
        }
    }

    /// What YAML 1.1 calls a line break and YAML 1.2 does not.
    static let breaks: [Unicode.Scalar] = ["\u{85}", "\u{2028}", "\u{2029}"]

    private(set) var escapes: [Place] = []
    private(set) var breaks: [Place] = []
    /// Whether the source uses a character below U+0800, and any character of each block of 2,048.
    private var usedScalars = [Bool](repeating: false, count: 0x800)
    private var usedBlocks = [Bool](repeating: false, count: 32)

    /// Whether a source may hold what libyaml misreads; quick, and true for some that hold nothing.
    static func isNeeded(for bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer { bytes in
            for index in bytes.indices.dropLast() {
                switch bytes[index] {
                case 0x5C: if bytes[index + 1] == UInt8(ascii: "u") { return true }
                case 0xC2: if bytes[index + 1] == 0x85 { return true }
                case 0xE2: if bytes[index + 1] == 0x80 { return true }
                default: continue
                }
            }
            return false
        }
    }

    init(of source: [UInt8]) {
        var offset = 0
        var index = 0
        var backslashes = 0
        while offset < source.count {
            let lead = source[offset]
            let length = min(StandInSurvey.length(lead), source.count - offset)
            backslashes = lead == 0x5C ? backslashes + 1 : 0
            if backslashes % 2 == 1 { escape(source, at: Place(index: index, offset: offset, scalar: "\\")) }
            if length > 1 { character(source[offset..<(offset + length)], at: index) }
            offset += length
            index += 1
        }
    }

    /// Characters that the source does not use; nil when there are too few.
    var choice: Choice? {
        // Private use first. Not the first block (ASCII), not the surrogates, not the last (it has non-characters).
        let order = [28, 29, 30] + Array(1..<27)
        let free = order.filter { !usedBlocks[$0] }.map { UInt32($0) << 11 }
        guard free.count >= 2, let low = (0xA1..<0x800).first(where: { !usedScalars[$0] }),
            let nextLine = Unicode.Scalar(UInt32(low)), let lineSeparator = Unicode.Scalar(free[1]),
            let paragraphSeparator = Unicode.Scalar(free[1] + 1)
        else { return nil }
        return Choice(
            block: free[0], nextLine: nextLine, lineSeparator: lineSeparator, paragraphSeparator: paragraphSeparator)
    }

    private static func length(_ lead: UInt8) -> Int {
        switch lead {
        case 0xC0..<0xE0: 2
        case 0xE0..<0xF0: 3
        case 0xF0...: 4
        default: 1
        }
    }

    private mutating func character(_ bytes: ArraySlice<UInt8>, at index: Int) {
        guard let scalar = String(decoding: bytes, as: UTF8.self).unicodeScalars.first else { return }
        if StandInSurvey.breaks.contains(scalar) {
            breaks.append(Place(index: index, offset: bytes.startIndex, scalar: scalar))
        } else {
            use(Int(scalar.value))
        }
    }

    /// Records what an escape would mean in a double-quoted scalar.
    private mutating func escape(_ source: [UInt8], at place: Place) {
        let next = place.offset + 1
        let digits: Int
        switch next < source.count ? source[next] : 0 {
        case UInt8(ascii: "x"): digits = 2
        case UInt8(ascii: "u"): digits = 4
        case UInt8(ascii: "U"): digits = 8
        default: return
        }
        let end = next + 1 + digits
        guard end <= source.count, let value = source[(next + 1)..<end].hexadecimal else { return }
        if digits == 4, (0xD800..<0xE000).contains(value) {
            escapes.append(place)
        } else {
            use(value)
        }
    }

    private mutating func use(_ value: Int) {
        if value < 0x800 { usedScalars[value] = true }
        if value < 0x10000 { usedBlocks[value >> 11] = true }
    }
}
