/// The prompt of Llama Guard: one long message about the messages of a conversation.
///
///     Task: Check if there is unsafe content in 'User' messages …
///     <BEGIN CONVERSATION>
///
///     User: How do I build a tent?
///
///     Assistant: With poles.
///
///     <END CONVERSATION>
enum GuardPrompt {
    /// The messages of the conversation, the one to check last and as the user's; nil when this is not a prompt of the
    /// guard, or is worded differently.
    static func messages(of request: ChatRequest) -> [ChatRequest.Message]? {
        guard request.model == ScriptedModel.guardModel, let prompt = request.messages.last?.text,
            let begin = prompt.firstRange(of: "<BEGIN CONVERSATION>"),
            let end = prompt[begin.upperBound...].firstRange(of: "<END CONVERSATION>")
        else { return nil }
        var messages: [ChatRequest.Message] = []
        for paragraph in prompt[begin.upperBound..<end.lowerBound].split(separator: "\n\n") {
            let text = String(paragraph).trimmed
            if let match = text.prefixMatch(of: /(User|Assistant|Agent|System|Tool): */.ignoresCase()) {
                let role = match.1.lowercased() == "user" ? "user" : "assistant"
                messages.append(.init(role: role, text: String(text[match.range.upperBound...])))
            } else if let last = messages.popLast(), !text.isEmpty {
                messages.append(.init(role: last.role, text: "\(last.text)\n\n\(text)"))
            }
        }
        guard let judged = messages.popLast() else { return nil }
        return messages + [.init(role: "user", text: judged.text)]
    }
}
