import Language

/// The messages of a streamed answer whose texts are too long to be kept. The frames that repeat them are written while the
/// server behind repeats them; `response.output_text.done` and `response.content_part.done`, which nothing needs, are left out.
struct RepeatedMessages: Sendable {
    fileprivate enum Frame: Sendable, Hashable {
        case item
        /// The last frame, in the text of the message with this number.
        case response(Int)
    }

    /// The frame that is being written.
    fileprivate var frame: Frame?
    /// Where in the output they are.
    fileprivate var indexes: [Int] = []
    /// The numbers of those that were cut off, as far as that is known.
    fileprivate var incomplete: Set<Int> = []
    /// How many of them have their frames.
    fileprivate var itemCount = 0
    /// How many items of the output the last frame has.
    fileprivate var writtenCount = 0

    /// Whether there is any.
    var isAny: Bool { !indexes.isEmpty }

    /// Whether the server has repeated all of them as often as it has to.
    var isComplete: Bool { itemCount == indexes.count && frame == .response(indexes.count - 1) }

    /// Notes that the message is cut off whose text the last frame repeats.
    mutating func cut() {
        if case .response(let number) = frame { incomplete.insert(number) }
    }

    /// Notes that the last one is cut off.
    /// - Parameter index: Where in the output the answer ends: another item may have come after it.
    mutating func cut(ifAt index: Int) {
        if indexes.last == index { incomplete.insert(indexes.count - 1) }
    }

    fileprivate func status(ofMessage number: Int) -> String {
        incomplete.contains(number) ? "incomplete" : "completed"
    }

    /// The item of such a message where its text is not told.
    static func item(of message: ServedItems.Message) -> Value {
        item(of: message, status: "incomplete", ["content": []])
    }

    fileprivate static func item(
        of message: ServedItems.Message, status: String, _ more: [String: Value] = [:]
    ) -> Value {
        let fields: [String: Value] = [
            "id": .string(message.id), "type": "message", "role": "assistant", "status": .string(status),
        ]
        return .object(fields.merging(more) { $1 })
    }
}

extension ServedFrames {
    private static let textBegin = #"{"content":[{"text":""#

    /// Writes a piece of a text into the frame at the end of its message.
    mutating func write(_ text: String, of message: ServedItems.Message, _ messages: inout RepeatedMessages) {
        if messages.frame != .item {
            messages.frame = .item
            begin()
            write(json: #"{"item":"# + Self.textBegin)
        }
        write(within: text)
    }

    /// Ends a message, with its frame if there is one.
    /// - Parameter isCut: Whether it is known that more would have been said. The frame comes before that of the whole answer,
    ///   which tells it again.
    mutating func end(_ message: ServedItems.Message, isCut: Bool, _ messages: inout RepeatedMessages) {
        messages.indexes.append(message.index)
        let number = messages.indexes.count - 1
        if isCut { messages.incomplete.insert(number) }
        guard messages.frame == .item else { return }
        messages.frame = nil
        messages.itemCount += 1
        endText([])
        write(membersOf: RepeatedMessages.item(of: message, status: messages.status(ofMessage: number)))
        write(json: #","output_index":\#(message.index)"#)
        end("response.output_item.done")
    }

    /// Writes a piece of the text of a message into the last frame.
    mutating func write(
        _ text: String, ofMessage number: Int, _ messages: inout RepeatedMessages, _ output: [Value]
    ) {
        guard messages.indexes.indices.contains(number) else { return }
        if messages.frame != .response(number) {
            let isNext = messages.frame == nil ? number == 0 : messages.frame == .response(number - 1)
            guard isNext else { return }
            if messages.frame == nil {
                begin()
                write(json: #"{"response":{"output":["#)
            } else {
                endItem(&messages, output, [])
            }
            messages.frame = .response(number)
            write(output, upTo: messages.indexes[number], &messages)
            if messages.writtenCount > 0 { write(json: ",") }
            write(json: Self.textBegin)
        }
        write(within: text)
    }

    /// Ends the last frame, begun or not.
    ///
    /// - Parameters:
    ///   - whole: The response.
    ///   - citations: Of the last text.
    mutating func write(
        end messages: inout RepeatedMessages, _ type: String, _ whole: Value, _ output: [Value], _ citations: [Value]
    ) {
        guard messages.frame != nil else { return add([type], response: whole) }
        endItem(&messages, output, citations)
        write(output, upTo: output.count, &messages)
        write(json: "],")
        var rest = whole.object ?? [:]
        rest["output"] = nil
        write(membersOf: .object(rest))
        end(type)
    }

    private mutating func endItem(_ messages: inout RepeatedMessages, _ output: [Value], _ citations: [Value]) {
        guard case .response(let number) = messages.frame else { return }
        endText(citations)
        var rest = output[messages.indexes[number]].object ?? [:]
        (rest["content"], rest["status"]) = (nil, .string(messages.status(ofMessage: number)))
        write(membersOf: .object(rest))
        messages.writtenCount += 1
    }

    /// Ends a text and the parts of its item; the item has more members.
    private mutating func endText(_ citations: [Value]) {
        write(json: #"","annotations":"#)
        write(.array(citations))
        write(json: #","type":"output_text"}],"#)
    }

    private mutating func write(_ output: [Value], upTo end: Int, _ messages: inout RepeatedMessages) {
        for item in output[messages.writtenCount..<end] {
            if messages.writtenCount > 0 { write(json: ",") }
            write(item)
            messages.writtenCount += 1
        }
    }
}

extension ServedError {
    static let unrepeated = ServedError(
        .failedUpstream, code: "upstream_failed",
        "The text of the answer is too long to be kept, and the server behind does not repeat it.")
}
