/// A part of one line, with the password of every URL and every secret in it hidden.
struct LinePart {
    /// The number of scalars of the line before it.
    let skipped: Int
    var scalars: [Unicode.Scalar]
    /// Whether the line goes on after it.
    let isCut: Bool
}

/// A cache of the lines of each source, for one rendering. Reading a part of a line takes the same time however long
/// the line is and however many secrets there are: a file of one line may have megabytes, and thousands of mistakes.
package struct LineCache {
    private let sources: SourceMap
    /// The places of secrets, sorted and not overlapping.
    private let hidden: [SourceRange]
    private var indices: [SourceID: LineIndex] = [:]

    init(sources: SourceMap, hidden: [SourceRange]) {
        self.sources = sources
        self.hidden = hidden.sorted().reduce(into: []) { joined, range in
            guard let last = joined.last, last.source == range.source, range.start < last.end else {
                return joined.append(range)
            }
            joined[joined.count - 1].end = max(last.end, range.end)
        }
    }

    /// At most `count` scalars of the first line of a range, from `lead` scalars before its start; each character of a
    /// secret is a `*`.
    mutating func part(of range: SourceRange, lead: Int, count: Int) -> LinePart {
        var index = indices.removeValue(forKey: range.source) ?? LineIndex(sources[range.source].bytes)
        let skipped = max(0, Int(range.start.column) - 1 - lead)
        let bytes = index.bytes(ofLine: range.start.line, from: skipped, count: count)
        indices[range.source] = index
        let scalars = Array(String(decoding: bytes.part, as: UTF8.self).unicodeScalars)
        var part = LinePart(skipped: skipped, scalars: scalars, isCut: bytes.isCut)
        hide(in: &part, of: range.source, range.start.line)
        return part
    }

    private func hide(in part: inout LinePart, of source: SourceID, _ line: UInt32) {
        let start = SourcePosition(line: line, column: UInt32(part.skipped + 1))
        for secret in hidden[firstHidden(endingAfter: start, in: source)...] {
            guard secret.source == source, secret.start.line <= line else { return }
            let first = secret.start.line < line ? 0 : Int(secret.start.column) - 1 - part.skipped
            let end = secret.end.line > line ? part.scalars.count : Int(secret.end.column) - 1 - part.skipped
            guard first < part.scalars.count else { return }
            for place in max(0, first)..<max(0, first, min(end, part.scalars.count)) { part.scalars[place] = "*" }
        }
    }

    /// The place in `hidden` of the first secret of a source that ends after a position, or of what comes after it.
    private func firstHidden(endingAfter position: SourcePosition, in source: SourceID) -> Int {
        var low = 0
        var high = hidden.count
        while low < high {
            let middle = (low + high) / 2
            if (hidden[middle].source, hidden[middle].end) <= (source, position) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
