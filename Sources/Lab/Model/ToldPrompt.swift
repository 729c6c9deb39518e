/// A question that tells what was said before, as an agent of a server is asked in a new session.
///
///     This is our conversation so far; go on with it.
///
///     user: When was order 4411 sent?
///
///     assistant calls order_search with {"order":"4411"}
///
///     answer of the call: On Monday.
///
///     assistant: It was sent on Monday.
///
///     user: And when does it arrive?
enum ToldPrompt {
    private static let beginning = "This is our conversation so far; go on with it.\n\n"

    /// The messages, with those of the told conversation for the last one of the user: a model takes what it is told of as said.
    static func unfolded(_ messages: [ChatRequest.Message]) -> [ChatRequest.Message] {
        guard let place = messages.lastIndex(where: { $0.role == "user" }), messages[place].text.hasPrefix(beginning)
        else { return messages }
        let told = told(messages[place].text.dropFirst(beginning.count))
        guard !told.isEmpty else { return messages }
        return messages[..<place] + told + messages[(place + 1)...]
    }

    private static func told(_ text: Substring) -> [ChatRequest.Message] {
        var messages: [ChatRequest.Message] = []
        for paragraph in text.split(separator: "\n\n", omittingEmptySubsequences: false) {
            if let match = paragraph.prefixMatch(of: #/(user|assistant|system|developer): /#) {
                messages.append(.init(role: String(match.1), text: String(paragraph[match.range.upperBound...])))
            } else if let match = paragraph.prefixMatch(of: #/assistant calls (\S+) with /#) {
                let arguments = String(paragraph[match.range.upperBound...])
                let call = ChatRequest.ToolCall(id: "", function: .init(name: String(match.1), arguments: arguments))
                // The calls of one answer are those of one message.
                let before = messages.last?.toolCalls.isEmpty == false ? messages.removeLast().toolCalls : []
                messages.append(.init(role: "assistant", text: "", toolCalls: before + [call]))
            } else if let match = paragraph.prefixMatch(of: #/answer of the call: /#) {
                messages.append(.init(role: "tool", text: String(paragraph[match.range.upperBound...])))
            } else if let last = messages.popLast() {
                messages.append(
                    .init(role: last.role, text: "\(last.text)\n\n\(paragraph)", toolCalls: last.toolCalls))
            }
        }
        return messages
    }
}
