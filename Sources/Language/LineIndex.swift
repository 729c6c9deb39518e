/// Finds lines and positions in the bytes of a source. A line ends at a line feed, a carriage return, or both together.
struct LineIndex: Sendable {
    private let bytes: [UInt8]
    /// Where each line begins.
    private let starts: [Int]
    /// For each line that was searched, the offsets of the scalars whose positions are multiples of `stride`.
    private var marks: [UInt32: [Int]] = [:]
    private static let stride = 256

    init(_ bytes: [UInt8]) {
        var starts = [0]
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
        String(decoding: bytes[extent(of: line)], as: UTF8.self)
    }

    /// The bytes of at most `count` scalars of a line, from a given one on, and whether there are more.
    mutating func bytes(ofLine line: UInt32, from first: Int, count: Int) -> (part: ArraySlice<UInt8>, isCut: Bool) {
        let extent = extent(of: line)
        let start = first == 0 ? extent.lowerBound : place(ofScalar: first, in: line, extent)
        let end = place(count, after: start, before: extent.upperBound)
        return (bytes[start..<end], end < extent.upperBound)
    }

    private mutating func place(ofScalar scalar: Int, in line: UInt32, _ extent: Range<Int>) -> Int {
        let marks = marks[line] ?? marked(extent)
        self.marks[line] = marks
        guard scalar / Self.stride < marks.count else { return extent.upperBound }
        return place(scalar % Self.stride, after: marks[scalar / Self.stride], before: extent.upperBound)
    }

    private func marked(_ extent: Range<Int>) -> [Int] {
        var marks: [Int] = []
        var scalars = 0
        for place in extent where bytes[place] & 0xC0 != 0x80 {
            if scalars % Self.stride == 0 { marks.append(place) }
            scalars += 1
        }
        return marks
    }

    /// The offset of the scalar that is so many scalars after the one at an offset.
    private func place(_ count: Int, after start: Int, before end: Int) -> Int {
        var rest = count
        var place = start
        while place < end {
            if bytes[place] & 0xC0 != 0x80 {
                if rest == 0 { return place }
                rest -= 1
            }
            place += 1
        }
        return end
    }

    /// Where the bytes of a line are, without its end.
    private func extent(of line: UInt32) -> Range<Int> {
        guard line >= 1, line <= starts.count else { return 0..<0 }
        let start = starts[Int(line) - 1]
        var end = Int(line) < starts.count ? starts[Int(line)] : bytes.count
        while end > start, bytes[end - 1] == 0x0A || bytes[end - 1] == 0x0D { end -= 1 }
        return start..<end
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
