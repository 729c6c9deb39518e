import Language

/// The output items of a served agent, in order, with the names of the agent that produced them.
///
/// MLflow has no item for a call of an MCP tool or of a server agent's tool: those are a `function_call` and its
/// `function_call_output`, with the status `incomplete` for a failed call. The caller must execute a call without an
/// output.
struct ServedOutput {
    private struct Result {
        var text: String
        var status: String?
    }

    /// The items in order of arrival.
    private(set) var values: [Value] = []
    private let agent: AgentDefinition
    private let words: ResponseItems
    private var items: [ResponsesFrame.Item] = []
    private var results: [String: Result] = [:]

    init(_ agent: AgentDefinition) {
        self.agent = agent
        words = ResponseItems(agent)
    }

    /// Adds the next item.
    ///
    /// - Returns: the call that the item ends; nil when it ends none.
    mutating func add(_ value: Value) throws(ObjectFields.Mismatch) -> Answer.ToolCall? {
        let item = try ResponsesFrame.Item(ObjectFields(value))
        values.append(value)
        items.append(item)
        guard item.type == "function_call_output", let id = item.call_id else { return words.call(item) }
        results[id] = Result(text: Self.text(of: item.output), status: item.status)
        return items.last { $0.type == "function_call" && $0.call_id == id }.flatMap(carriedOut)
    }

    /// The calls that the caller has to execute.
    var waiting: [FunctionCall] {
        items.filter { $0.type == "function_call" && results[$0.call_id ?? ""] == nil }.map { item in
            FunctionCall(id: item.call_id ?? "", name: item.name ?? "", arguments: item.arguments ?? "")
        }
    }

    /// The answer of all items, without times.
    ///
    /// - Parameter response: the server's final response; its output is ignored.
    func answer(_ response: InvocationFrame.Response?, _ status: Answer.Status) -> Answer {
        let whole = ResponsesFrame.Response(
            id: response?.id, status: nil, output: items, usage: response?.usage, error: response?.error,
            incomplete_details: response?.incomplete_details)
        var answer = words.answer(whole, status)
        answer.toolCalls = items.compactMap { words.call($0) ?? carriedOut($0) }
        let hasOnlyNames = (answer.retrieved.map(\.document) + answer.cited).allSatisfy { !Self.isServersID($0) }
        // The search results of a server agent are in no item.
        let hidesSearch = items.contains { $0.type == "function_call" && $0.name == AgentConfig.searchTool }
        answer.tellsSources = answer.tellsSources && hasOnlyNames && !hidesSearch
        answer.tellsToolErrors = results.values.allSatisfy { $0.status != nil }
        return answer
    }

    private func carriedOut(_ item: ResponsesFrame.Item) -> Answer.ToolCall? {
        guard item.type == "function_call", let result = results[item.call_id ?? ""] else { return nil }
        let named = agent.told(item.name ?? "")
        var call = Answer.ToolCall(name: named.name, tool: named.tool, arguments: words.arguments(item))
        if result.status == "incomplete" {
            call.error = result.text
        } else {
            call.result = result.text
        }
        return call
    }

    /// Text, or the texts of its parts.
    private static func text(of output: Value?) -> String {
        guard let parts = output?.array else { return output?.interpolated ?? "" }
        return parts.map { $0["text"]?.string ?? $0.interpolated }.joined(separator: "\n")
    }

    /// Whether a document is an id that only its server can resolve: `file-` and 32 hexadecimal digits.
    private static func isServersID(_ document: String) -> Bool {
        document.wholeMatch(of: /file-[0-9a-f]{32}/) != nil
    }
}
