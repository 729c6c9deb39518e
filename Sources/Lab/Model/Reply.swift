import Language

/// The model's answer to one request.
struct Reply: Sendable, Hashable {
    struct Call: Sendable, Hashable {
        let tool: String
        let arguments: Value
    }

    enum Act: Sendable, Hashable {
        case say(String)
        /// What a model says that declines to answer, marked as such.
        case refuse(String)
        case call([Call])
        case fail(status: Int, message: String)
    }

    var act: Act
    /// The delay before it.
    var delay: Duration = .zero
    /// The token usage it reports; nil estimates four bytes per token.
    var inputTokens: Int?
    var outputTokens: Int?
}

/// The model's behaviour when no rule matches: it searches if it can, and quotes what it found; as a guard it reports
/// everything as safe.
enum BuiltInBehaviour {
    static func reply(to conversation: Conversation) -> Reply {
        Reply(act: act(conversation))
    }

    private static func act(_ conversation: Conversation) -> Reply.Act {
        if conversation.model == ScriptedModel.guardModel { return .say("safe") }
        if !conversation.results.isEmpty { return .say(shaped(answer(conversation), conversation.format)) }
        if let wanted = conversation.offered.first(where: { $0.name == conversation.wanted }) {
            return call(wanted, about: conversation.user)
        }
        if isQuestion(conversation.user), let search = conversation.offered.first(where: isSearch) {
            return call(search, about: conversation.user)
        }
        return .say(shaped("The lab's model has no rule for this: \(conversation.user)", conversation.format))
    }

    /// The best sentence of the search results, or else what the tool returned.
    static func answer(_ conversation: Conversation) -> String {
        let passages = conversation.results.flatMap(\.passages)
        if let found = BestSentence.find(for: conversation.user, in: passages) { return found.cited }
        let others = conversation.results.filter { $0.passages.isEmpty && !ToolName.isFileSearch($0.tool) }
        guard others.isEmpty else { return others.map { "\($0.tool): \($0.text)" }.joined(separator: "\n") }
        return "I could not find that in the documents."
    }

    private static func isQuestion(_ text: String) -> Bool {
        let words = ["what", "when", "where", "which", "who", "why", "how", "can", "do", "does", "is", "are", "may"]
        let first = text.lowercased().split { !$0.isLetter }.first.map(String.init)
        return text.trimmed.hasSuffix("?") || words.contains(first ?? "")
    }

    private static func isSearch(_ function: ChatRequest.Tool.Function) -> Bool {
        ToolName.isFileSearch(function.name)
    }

    /// A call with every required argument: texts are the user's message, other types have their zero value.
    private static func call(_ function: ChatRequest.Tool.Function, about text: String) -> Reply.Act {
        let properties = function.parameters?["properties"]?.object ?? [:]
        let required = function.parameters?["required"]?.array?.compactMap(\.string) ?? properties.keys.sorted()
        let arguments = required.map { ($0, zero(of: properties[$0], text: text)) }
        return .call([Reply.Call(tool: function.name, arguments: .object(Dictionary(arguments) { first, _ in first }))])
    }

    private static func zero(of schema: Value?, text: String) -> Value {
        if let first = schema?["enum"]?.array?.first { return first }
        return switch schema?["type"]?.string {
        case "integer": 0
        case "number": 0.0
        case "boolean": false
        case "array": []
        case "object": .object((schema?["properties"]?.object ?? [:]).mapValues { zero(of: $0, text: text) })
        case _: .string(text)
        }
    }

    /// The text, or JSON of the requested schema with the text in its text fields.
    private static func shaped(_ text: String, _ format: Value?) -> String {
        switch format?["type"]?.string {
        case "json_schema":
            return zero(of: format?["json_schema"]?["schema"] ?? format?["schema"], text: text).canonicalJSON
        case "json_object": return Value.object(["answer": .string(text)]).canonicalJSON
        case _: return text
        }
    }
}
