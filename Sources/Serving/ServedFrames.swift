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

    /// Adds a frame; `fields` are those beside its type and number.
    mutating func add(_ type: String, _ fields: [String: Value]) {
        begin()
        write(.object(fields.merging(["type": .string(type), "sequence_number": .integer(sequence)]) { $1 }))
        end()
    }

    /// Adds a frame that says something without a type.
    mutating func add(untyped value: Value) {
        begin()
        write(value)
        buffer.writeStaticString("\n\n")
    }

    /// Adds the frame of a piece of a text, by far the most frequent one.
    mutating func add(delta: String, of item: String, at index: Int) {
        var json = JSONWriter()
        json.reserve(delta.utf8.count + item.utf8.count + Self.most)
        json.object {
            $0.member("content_index", 0)
            $0.member("delta", delta)
            $0.member("item_id", item)
            $0.key("logprobs", written: "[]")
            $0.member("output_index", index)
            $0.member("sequence_number", sequence)
            $0.member("type", "response.output_text.delta")
        }
        buffer.reserveCapacity(minimumWritableBytes: json.bytes.count + Self.around)
        begin()
        buffer.writeBytes(json.bytes)
        end()
    }

    /// What the frame of a piece has beside its text and the id of its item, and what stands around its JSON, in bytes.
    private static let (most, around) = (192, 8)

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
    fileprivate mutating func key(_ key: StaticString, written json: String) {
        member(key) { $0.add(written: json.utf8) }
    }
}
