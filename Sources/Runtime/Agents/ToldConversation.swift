import Language

/// A conversation as the one text that an agent of the server takes in a new session. The logged Python agent says the
/// same (`question_of` in `drover_agent/agents.py`), and one set of fixtures holds both to it
/// (`Tests/Fixtures/Requests`).
///
///     This is our conversation so far; go on with it.
///
///     user: One
///
///     assistant: Answer one.
///
///     user: Two
enum ToldConversation {
    /// - Returns: nil where something else than texts and calls was said, such as a picture.
    static func text(_ items: [Value]) -> String? {
        var lines = ["This is our conversation so far; go on with it."]
        for item in InputItems.spelled(items) {
            guard let line = line(item) else { return nil }
            lines.append(line)
        }
        return lines.joined(separator: "\n\n")
    }

    private static func line(_ item: Value) -> String? {
        switch item["type"]?.string {
        case nil, "message":
            guard let role = item["role"]?.string, let text = item["content"].flatMap(InputItems.text) else {
                return nil
            }
            return "\(role): \(text)"
        case "function_call":
            guard let name = item["name"]?.string, let arguments = item["arguments"]?.string else { return nil }
            return "assistant calls \(name) with \(arguments)"
        case "function_call_output":
            guard let output = item["output"].flatMap(InputItems.text) else { return nil }
            return "answer of the call: \(trimmed(output))"
        case _: return nil
        }
    }

    private static func trimmed(_ text: String) -> String {
        guard let last = text.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(text[...last].drop(while: \.isWhitespace))
    }
}
