import Language
import Wire

/// The content of a prompt version, with the prompt's own variables in `{{double braces}}`.
package enum PromptContent: Sendable, Hashable {
    case text(String)
    case chat([Message])

    /// One message of a chat.
    package struct Message: Sendable, Hashable {
        package var role: String
        package var content: String
    }

    /// Texts that differ only in the normalisation of their characters are not the same.
    package static func == (left: PromptContent, right: PromptContent) -> Bool {
        left.value == right.value
    }

    /// As in MLflow's own client: white space inside the braces does not count.
    // Safe, this and the next: a `Regex` is not `Sendable` because it may hold closures; these are constant literals
    // without any, and matching does not change them.
    private nonisolated(unsafe) static let variable =
        /\{\{\s*([a-zA-Z_][a-zA-Z0-9_]*(?:\.[a-zA-Z_][a-zA-Z0-9_]*)*)\s*\}\}/

    private nonisolated(unsafe) static let mention = /\{\{\s*([\p{L}\p{N}_.\-]+(?: [\p{L}\p{N}_.\-]+)*)\s*\}\}/

    /// What stands in double braces like a variable's name, and is text to MLflow; none in a Jinja template, which has
    /// a language of its own there.
    var mentions: [String] {
        let text = stored
        guard text.contains("{{"), !text.contains("{%"), !text.contains("{#") else { return [] }
        let variables = Set(variables)
        var seen: Set<String> = []
        return text.matches(of: Self.mention).map { String($0.output.1) }
            .filter { !variables.contains($0) && seen.insert($0).inserted }
    }

    /// Whether a text contains a name in double braces, which MLflow may not recognise as a variable.
    static func isMention(of name: String, in text: String) -> Bool {
        text.matches(of: /\{\{\s*(.*?)\s*\}\}/).contains { $0.output.1.isExactly(name) }
    }

    /// A valid variable name similar to a name: `user_name` for `user-name`.
    static func variableName(like name: String) -> String {
        let letters = name.unicodeScalars.map { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                ? Character(scalar) : "_"
        }
        return (letters.first?.isNumber == true ? "_" : "") + String(letters)
    }

    /// Reads a version; nil when it is not a prompt version, or a chat whose messages are not plain text.
    init?(_ version: MLflowModelVersion) {
        guard let text = version.tags[MLflowModelVersion.promptTextTag] else { return nil }
        guard version.tags[MLflowModelVersion.promptTypeTag] == "chat" else {
            self = .text(text)
            return
        }
        // Others may have written it.
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

    /// As MLflow stores it in a tag.
    var stored: String {
        switch self {
        case .text(let text): text
        case .chat: value.canonicalJSON
        }
    }

    /// The same for the same content.
    var digest: String {
        sha256Hex(value.canonicalJSON.utf8)
    }

    /// The names of its variables, in the order of their first occurrence.
    var variables: [String] {
        var seen: Set<String> = []
        return stored.matches(of: Self.variable).map { String($0.output.1) }.filter { seen.insert($0).inserted }
    }

    /// The instructions of an agent: the text, or the only system message of a chat; nil for any other chat.
    var instructions: String? {
        switch self {
        case .text(let text): text
        case .chat(let messages): messages.count == 1 && messages[0].role == "system" ? messages[0].content : nil
        }
    }

    /// A text with every variable replaced; the values are not searched for variables.
    static func rendered(_ text: String, with values: [String: String]) -> String {
        text.replacing(variable) { values[String($0.output.1)] ?? String($0.output.0) }
    }
}
