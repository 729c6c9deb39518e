#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reads the frames of an answer from a `text/event-stream` in memory that does not grow with the answer: of a
/// message's text that is longer than wanted, the frame that repeats it keeps the beginning, and all of it is handed on
/// in pieces as it arrives.
///
///     data: {"item":{"content":[{"text":"…100 MB…"}],"type":"message"},"type":"response.output_item.done"}
///
/// What it does not cut, it reads as `ServerSentEventParser` does. It follows the strings of the JSON, not its grammar:
/// whether a frame is valid JSON shows when it is read.
package struct FrameScanner: Sendable {
    /// What arrives, in order.
    package enum Part: Sendable, Hashable {
        /// A piece of a text that the next frame has only the beginning of; the first piece is that beginning, too.
        case piece(String, RepeatedText)
        /// The data of an event.
        case frame([UInt8])
    }

    private enum Line {
        case name, value, other
    }

    private static let longestName = 8

    private let keeping: Int
    private let limit: Int
    private var line = Line.name
    private var name: [UInt8] = []
    private var isFirstLine = true
    private var isAfterCarriageReturn = false
    private var isValueBegun = false
    private var hasData = false
    private var data: [UInt8] = []
    /// Where the text that is open begins in `data`, behind its quotation mark; nil between texts.
    private var textStart: Int?
    private var isEscaped = false
    private var isKept = false
    private var cut: CutText?
    /// Whether no text was looked for yet in `data`.
    private var isUnseen = false

    /// - Parameters:
    ///   - keeping: The bytes of a text that a frame keeps; nil for all.
    ///   - limit: The longest frame, in bytes.
    package init(keeping: Int? = nil, limit: Int = 16 << 20) {
        self.keeping = keeping ?? .max
        self.limit = limit
    }

    /// Adds bytes as they arrive.
    /// - Returns: The parts that they complete, in order; pieces have no end of their own.
    package mutating func read(_ bytes: some Sequence<UInt8>) throws(ServerSentEventParser.Overflow) -> [Part] {
        func read(_ bytes: UnsafeBufferPointer<UInt8>) -> Result<[Part], ServerSentEventParser.Overflow> {
            Result { () throws(ServerSentEventParser.Overflow) in try take(bytes) }
        }
        let parts = bytes.withContiguousStorageIfAvailable(read) ?? Array(bytes).withUnsafeBufferPointer(read)
        return try parts.get()
    }

    private mutating func take(
        _ bytes: UnsafeBufferPointer<UInt8>
    ) throws(ServerSentEventParser.Overflow) -> [Part] {
        var parts: [Part] = []
        var index = 0
        while index < bytes.count {
            let isSecondHalf = isAfterCarriageReturn && bytes[index] == UInt8(ascii: "\n")
            isAfterCarriageReturn = false
            if isSecondHalf {
                index += 1
                continue
            }
            let end = Self.lineEnd(in: bytes, from: index)
            add(UnsafeBufferPointer(rebasing: bytes[index..<end]), isWhole: end < bytes.count, &parts)
            guard data.count <= limit else { throw ServerSentEventParser.Overflow(limit: limit) }
            guard end < bytes.count else { break }
            isAfterCarriageReturn = bytes[end] == UInt8(ascii: "\r")
            index = end + 1
            endLine(&parts)
        }
        return parts
    }

    private static func lineEnd(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        let end = bytes.first(UInt8(ascii: "\n"), in: start..<bytes.count) ?? bytes.count
        return bytes.first(UInt8(ascii: "\r"), in: start..<end) ?? end
    }
}

/// The lines of the stream.
extension FrameScanner {
    /// Adds bytes within a line.
    /// - Parameter isWhole: Whether they end it.
    private mutating func add(_ bytes: UnsafeBufferPointer<UInt8>, isWhole: Bool, _ parts: inout [Part]) {
        var index = 0
        if line == .name, name.isEmpty {
            // As below, where the whole name is here.
            if bytes.begins(with: "data:") {
                index = 5
                beginData()
            } else if bytes.begins(with: "event:") {
                line = .other
            }
        }
        while line == .name, index < bytes.count {
            name.append(bytes[index])
            index += 1
            if isFirstLine, name == [0xEF, 0xBB, 0xBF] { name = [] }
            if name.elementsEqual("data:".utf8) {
                beginData()
            } else if name.last == UInt8(ascii: ":") || name.count > Self.longestName {
                line = .other
            }
        }
        guard line == .value, index < bytes.count else { return }
        if !isValueBegun, bytes[index] == UInt8(ascii: " ") { index += 1 }
        isValueBegun = true
        let value = UnsafeBufferPointer(rebasing: bytes[index...])
        // Such a line holds no text that is longer than wanted.
        if isWhole, data.isEmpty, value.count <= keeping {
            isUnseen = true
            data.append(contentsOf: value)
        } else {
            addData(value, &parts)
        }
    }

    private mutating func beginData() {
        if isUnseen { see() }
        if hasData { data.append(UInt8(ascii: "\n")) }
        (line, isValueBegun, hasData) = (.value, false, true)
    }

    private mutating func endLine(_ parts: inout [Part]) {
        let isBlank = line == .name && name.isEmpty
        if line == .name, name.elementsEqual("data".utf8) { beginData() }
        (line, isFirstLine) = (.name, false)
        name.removeAll(keepingCapacity: true)
        guard isBlank else { return }
        if hasData { parts.append(.frame(data.repaired)) }
        (data, hasData, textStart, isEscaped, isKept, cut) = ([], false, nil, false, false, nil)
        isUnseen = false
    }
}

/// The texts of the JSON.
extension FrameScanner {
    /// Looks for texts in a line that more follows of the same frame: one may be open.
    private mutating func see() {
        let line = data
        (data, isUnseen) = ([], false)
        var parts: [Part] = []  // None are long enough.
        line.withUnsafeBufferPointer { addData($0, &parts) }
    }

    private mutating func addData(_ bytes: UnsafeBufferPointer<UInt8>, _ parts: inout [Part]) {
        // Where all is kept, no text is looked for.
        guard keeping < .max else { return data.append(contentsOf: bytes) }
        var start = 0
        while start < bytes.count {
            let begin = bytes.first(UInt8(ascii: "\""), in: start..<bytes.count) ?? bytes.count
            let end = textStart == nil ? begin : textEnd(in: bytes, from: start, mark: begin)
            let segment = UnsafeBufferPointer(rebasing: bytes[start..<end])
            if textStart == nil {
                data.append(contentsOf: segment)
            } else {
                addText(segment, &parts)
            }
            guard end < bytes.count else { return }
            // The quotation mark.
            if textStart != nil { endText(&parts) }
            data.append(bytes[end])
            textStart = textStart == nil ? data.count : nil
            start = end + 1
        }
    }

    /// The end of the text that is open: the first quotation mark that is not escaped.
    /// - Parameter mark: The first one.
    private mutating func textEnd(in bytes: UnsafeBufferPointer<UInt8>, from start: Int, mark: Int) -> Int {
        var (index, mark) = (isEscaped ? start + 1 : start, mark)
        isEscaped = false
        while index < bytes.count {
            if mark < index { mark = bytes.first(UInt8(ascii: "\""), in: index..<bytes.count) ?? bytes.count }
            guard let escape = bytes.first(UInt8(ascii: "\\"), in: index..<mark) else { return mark }
            index = escape + 2
        }
        isEscaped = index > bytes.count
        return bytes.count
    }

    private mutating func addText(_ bytes: UnsafeBufferPointer<UInt8>, _ parts: inout [Part]) {
        if cut != nil { return addCut(bytes, &parts) }
        data.append(contentsOf: bytes)
        guard !isKept, let textStart, data.count - textStart > keeping else { return }
        guard let place = RepeatedText(ofTextOpenAfter: data[..<textStart]) else {
            isKept = true
            return
        }
        cut = CutText(place)
        let text = Array(data[textStart...])
        data.removeSubrange((textStart + CutText.whole(text.prefix(keeping)))...)
        text.withUnsafeBufferPointer { addCut($0, &parts) }
    }

    private mutating func addCut(_ bytes: UnsafeBufferPointer<UInt8>, _ parts: inout [Part]) {
        guard let piece = cut?.next(bytes), let place = cut?.place else { return }
        tell(piece, place, &parts)
    }

    private mutating func endText(_ parts: inout [Part]) {
        if var ended = cut { tell(ended.end(), ended.place, &parts) }
        (cut, isKept) = (nil, false)
    }

    private mutating func tell(_ piece: CutText.Piece, _ place: RepeatedText, _ parts: inout [Part]) {
        switch piece {
        case .text(""): break
        case .text(let text): parts.append(.piece(text, place))
        case .noJSON: data.append(0)  // No JSON either, so that the frame is refused, as it would be whole.
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Whether a text that is ASCII stands at the beginning.
    fileprivate func begins(with text: StaticString) -> Bool {
        guard let start = baseAddress, count >= text.utf8CodeUnitCount else { return false }
        return memcmp(start, text.utf8Start, text.utf8CodeUnitCount) == 0
    }

    /// The place of a byte; nil where it is not in the range.
    func first(_ byte: UInt8, in range: Range<Int>) -> Int? {
        guard let start = baseAddress, !range.isEmpty else { return nil }
        guard let found = memchr(start + range.lowerBound, Int32(byte), range.count) else { return nil }
        return UnsafeRawPointer(found) - UnsafeRawPointer(start)
    }
}
