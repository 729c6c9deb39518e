import Language
import Wire

/// What a version of a prompt says, with the prompt's own variables in `{{double braces}}`.
package enum PromptContent: Sendable, Hashable {
    case text(String)
    case chat([Message])

    /// One message of a chat.
    package struct Message: Sendable, Hashable {
        package var role: String
        package var content: String
    }

    /// What differs only in the normalisation of its characters is not the same text.
    package static func == (left: PromptContent, right: PromptContent) -> Bool {
        left.value == right.value
    }

    /// As MLflow's own client finds them: white space inside of the braces does not count.
    // Safe: a `Regex` is not `Sendable` because it may hold closures; this one is a constant literal without any, and
    // matching does not change it.
    private nonisolated(unsafe) static let variable =
        /\{\{\s*([a-zA-Z_][a-zA-Z0-9_]*(?:\.[a-zA-Z_][a-zA-Z0-9_]*)*)\s*\}\}/

    /// Whether a text has a name in double braces, which may be one that MLflow takes for no variable.
    static func isMention(of name: String, in text: String) -> Bool {
        text.matches(of: /\{\{\s*(.*?)\s*\}\}/).contains { $0.output.1.isExactly(name) }
    }

    /// A name that MLflow takes for one of a variable: `user_name` for `user-name`.
    static func variableName(like name: String) -> String {
        let letters = name.unicodeScalars.map { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                ? Character(scalar) : "_"
        }
        return (letters.first?.isNumber == true ? "_" : "") + String(letters)
    }

    /// Reads a version; nil when it is none of a prompt, or a chat whose messages are not plain text.
    init?(_ version: MLflowModelVersion) {
        guard let text = version.tags[MLflowModelVersion.promptTextTag] else { return nil }
        guard version.tags[MLflowModelVersion.promptTypeTag] == "chat" else {
            self = .text(text)
            return
        }
        // Somebody else may have written it.
        guard let value = try? Value(json: text.utf8), let content = PromptContent(value), content.isChat else {
            return nil
        }
        self = content
    }

    /// Reads an output: text, or a list of messages.
    init?(_ value: Value) {
        if let text = value.string {
            self = .text(text)
            return
        }
        guard let items = value.array else { return nil }
        let messages = items.compactMap { item in
            item["role"]?.string.flatMap { role in
                item["content"]?.string.map { Message(role: role, content: $0) }
            }
        }
        guard messages.count == items.count else { return nil }
        self = .chat(messages)
    }

    var isChat: Bool {
        if case .chat = self { return true }
        return false
    }

    /// Text, or a list of `{role, content}`.
    var value: Value {
        switch self {
        case .text(let text): .string(text)
        case .chat(let messages):
            .array(messages.map { ["role": .string($0.role), "content": .string($0.content)] })
        }
    }

    /// As MLflow keeps it in a tag.
    var stored: String {
        switch self {
        case .text(let text): text
        case .chat: value.canonicalJSON
        }
    }

    /// Equal contents, equal digests.
    var digest: String {
        sha256Hex(value.canonicalJSON.utf8)
    }

    /// The names of the variables in it, in the order in which they first appear.
    var variables: [String] {
        var seen: Set<String> = []
        return stored.matches(of: Self.variable).map { String($0.output.1) }.filter { seen.insert($0).inserted }
    }

    /// What an agent is told: the text, or the one system message of a chat; nil for any other chat.
    var instructions: String? {
        switch self {
        case .text(let text): text
        case .chat(let messages): messages.count == 1 && messages[0].role == "system" ? messages[0].content : nil
        }
    }

    /// A text with every variable replaced; what a value holds is not looked at again.
    static func rendered(_ text: String, with values: [String: String]) -> String {
        text.replacing(variable) { values[String($0.output.1)] ?? String($0.output.0) }
    }
}
