/// One event of a `text/event-stream`.
package struct ServerSentEvent: Sendable, Hashable {
    /// The value of the `event` field; nil where the stream names none.
    package var name: String?
    /// The `data` lines, joined by line feeds.
    package var data: String

    package init(name: String? = nil, data: String) {
        self.name = name
        self.data = data
    }
}

/// Reads a `text/event-stream` as the WHATWG specification does: bytes go in as they arrive, events come out.
///
/// Line ends may be CR, LF or CRLF and may be split between two chunks; a byte order mark, comments and events without
/// data are ignored; what follows the last blank line is dropped at the end of the stream. Ids and retry times, which
/// no supported server uses, are ignored.
package struct ServerSentEventParser: Sendable {
    /// An event is longer than the limit.
    package struct Overflow: Error, Sendable, Hashable {
        /// In bytes.
        package var limit: Int

        package init(limit: Int) {
            self.limit = limit
        }
    }

    private let limit: Int
    private var line: [UInt8] = []
    private var name: String?
    private var data: [UInt8] = []
    private var hasData = false
    private var isAfterCarriageReturn = false
    private var isFirstLine = true

    /// - Parameter limit: the longest event in bytes.
    package init(limit: Int = 16 << 20) {
        self.limit = limit
    }

    /// Adds bytes as they arrive, and returns the events that they complete, in order.
    package mutating func read(_ bytes: some Sequence<UInt8>) throws(Overflow) -> [ServerSentEvent] {
        func read(_ bytes: UnsafeBufferPointer<UInt8>) -> Result<[ServerSentEvent], Overflow> {
            Result { () throws(Overflow) in try take(bytes) }
        }
        let events = bytes.withContiguousStorageIfAvailable(read) ?? Array(bytes).withUnsafeBufferPointer(read)
        return try events.get()
    }

    private mutating func take(_ bytes: UnsafeBufferPointer<UInt8>) throws(Overflow) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        var start = 0
        while start < bytes.count {
            let isSecondHalf = isAfterCarriageReturn && bytes[start] == UInt8(ascii: "\n")
            isAfterCarriageReturn = false
            if isSecondHalf {
                start += 1
                continue
            }
            var end = start
            while end < bytes.count, bytes[end] != UInt8(ascii: "\n"), bytes[end] != UInt8(ascii: "\r") { end += 1 }
            let text = UnsafeBufferPointer(rebasing: bytes[start..<end])
            guard line.count + data.count + text.count <= limit else { throw Overflow(limit: limit) }
            guard end < bytes.count else {
                line.append(contentsOf: text)
                break
            }
            isAfterCarriageReturn = bytes[end] == UInt8(ascii: "\r")
            start = end + 1
            if let event = endLine(text) { events.append(event) }
        }
        return events
    }

    /// Takes a line that ends; only one that began in an earlier chunk is copied.
    private mutating func endLine(_ rest: UnsafeBufferPointer<UInt8>) -> ServerSentEvent? {
        if line.isEmpty, !isFirstLine { return take(line: rest) }
        line.append(contentsOf: rest)
        if isFirstLine, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        isFirstLine = false
        let whole = line
        line.removeAll(keepingCapacity: true)
        return whole.withUnsafeBufferPointer { take(line: $0) }
    }

    private mutating func take(line: UnsafeBufferPointer<UInt8>) -> ServerSentEvent? {
        guard !line.isEmpty else { return endEvent() }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[min(colon + 1, line.endIndex)...]
        if value.first == UInt8(ascii: " ") { value.removeFirst() }
        if line[..<colon].elementsEqual("data".utf8) {
            if hasData { data.append(UInt8(ascii: "\n")) }
            data.append(contentsOf: value)
            hasData = true
        } else if line[..<colon].elementsEqual("event".utf8) {
            name = value.isEmpty ? nil : String(decoding: value, as: UTF8.self)
        }
        return nil  // Others are a comment (empty name), `id`, `retry`, or an unknown field.
    }

    private mutating func endEvent() -> ServerSentEvent? {
        defer {
            (name, hasData) = (nil, false)
            data.removeAll(keepingCapacity: true)
        }
        return hasData ? ServerSentEvent(name: name, data: String(decoding: data, as: UTF8.self)) : nil
    }
}
