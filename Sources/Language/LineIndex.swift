/// Finds lines and positions in the bytes of a source. A line ends at a line feed, a carriage return, or both together.
struct LineIndex: Sendable {
    private let bytes: [UInt8]
    /// Where each line begins.
    private let starts: [Int]

    init(_ bytes: [UInt8]) {
        var starts = [bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0]
        var offset = 0
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            if byte == 0x0A || (byte == 0x0D && (offset == bytes.count || bytes[offset] != 0x0A)) {
                starts.append(offset)
            }
        }
        self.bytes = bytes
        self.starts = starts
    }

    var count: Int {
        starts.count
    }

    /// The text of a line without its end; empty for a line that does not exist. Lines are 1-based.
    func text(_ line: UInt32) -> String {
        guard line >= 1, line <= starts.count else { return "" }
        let start = starts[Int(line) - 1]
        var end = Int(line) < starts.count ? starts[Int(line)] : bytes.count
        while end > start, bytes[end - 1] == 0x0A || bytes[end - 1] == 0x0D { end -= 1 }
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }

    /// The position of a byte, given as an offset from the start of the source.
    func position(ofByte offset: Int) -> SourcePosition {
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle } else { high = middle }
        }
        let scalars = bytes[starts[low]..<max(starts[low], min(offset, bytes.count))].count { $0 & 0xC0 != 0x80 }
        return SourcePosition(line: UInt32(low + 1), column: UInt32(scalars + 1))
    }
}
