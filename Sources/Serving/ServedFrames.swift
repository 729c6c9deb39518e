import Language
import NIOCore

/// The frames of a stream as they are sent, numbered, until they are taken to be sent.
struct ServedFrames: Sendable {
    private var buffer = ByteBuffer()
    private var sequence = 0

    /// What was added since the last time.
    mutating func drain() -> ByteBuffer {
        defer { buffer = ByteBuffer() }
        return buffer
    }

    /// Adds frames that tell the same state of the response.
    mutating func add(_ types: [String], response: Value) {
        var written = JSONWriter()
        written.write(response)
        for type in types {
            add(type) { $0.key("response", written: written.bytes) }
        }
    }

    /// Adds a frame that tells an item of the output.
    mutating func add(_ type: String, item: Value, at index: Int) {
        add(type) {
            $0.member("item", item)
            $0.member("output_index", index)
        }
    }

    /// Adds a frame that tells the one part of a message.
    mutating func add(_ type: String, part: Value, of item: String, at index: Int) {
        add(type) {
            $0.member("content_index", 0)
            $0.member("item_id", item)
            $0.member("output_index", index)
            $0.member("part", part)
        }
    }

    /// Adds the frame that tells the whole text of a message.
    mutating func add(text: String, of item: String, at index: Int) {
        add("response.output_text.done") {
            $0.member("content_index", 0)
            $0.member("item_id", item)
            $0.key("logprobs", written: "[]".utf8)
            $0.member("output_index", index)
            $0.member("text", text)
        }
    }

    /// Adds a frame that says something without a type.
    mutating func add(untyped value: Value) {
        begin()
        write(value)
        buffer.writeStaticString("\n\n")
    }

    /// Adds the frame of a piece of a text, by far the most frequent one.
    mutating func add(delta: String, of item: String, at index: Int) {
        add("response.output_text.delta", reserving: delta.utf8.count + item.utf8.count + Self.most) {
            $0.member("content_index", 0)
            $0.member("delta", delta)
            $0.member("item_id", item)
            $0.key("logprobs", written: "[]".utf8)
            $0.member("output_index", index)
        }
    }

    /// What the frame of a piece has beside its text and the id of its item, in bytes.
    private static let most = 192

    /// - Parameters:
    ///   - count: About how many bytes the frame has.
    ///   - members: Those beside its type and number.
    private mutating func add(_ type: String, reserving count: Int = 512, _ members: (inout JSONWriter) -> Void) {
        var json = JSONWriter()
        json.reserve(count)
        json.object {
            members(&$0)
            $0.member("sequence_number", sequence)
            $0.member("type", type)
        }
        buffer.reserveCapacity(minimumWritableBytes: json.bytes.count + Self.around)
        begin()
        buffer.writeBytes(json.bytes)
        end()
    }

    /// What stands around the JSON of a frame, in bytes.
    private static let around = 8

    /// Begins a frame that is written part by part.
    mutating func begin() {
        buffer.writeStaticString("data: ")
    }

    /// Ends a frame that is written part by part.
    mutating func end(_ type: String) {
        write(json: #","sequence_number":\#(sequence),"type":"\#(type)"}"#)
        end()
    }

    mutating func write(json text: String) {
        buffer.writeString(text)
    }

    mutating func write(_ value: Value) {
        var json = JSONWriter()
        json.write(value)
        buffer.writeBytes(json.bytes)
    }

    /// The members of an object, behind others: without its first brace.
    mutating func write(membersOf value: Value) {
        var json = JSONWriter()
        json.write(value)
        buffer.writeBytes(json.bytes.dropFirst())
    }

    /// A part of a text, within quotation marks.
    mutating func write(within text: String) {
        var json = JSONWriter()
        json.write(text)
        buffer.writeBytes(json.bytes.dropFirst().dropLast())
    }

    private mutating func end() {
        sequence += 1
        buffer.writeStaticString("\n\n")
    }
}

extension JSONWriter {
    fileprivate mutating func key(_ key: StaticString, written json: some Sequence<UInt8>) {
        member(key) { $0.add(written: json) }
    }
}
