import Language
import Wire

/// Translates the output items of a response to the names of its agent.
struct ResponseItems {
    /// The declared names of the tools for file and web search: the API has only one of each.
    private let fileSearch: String
    private let webSearch: String
    /// Whether the server asks the model to cite.
    let mayCite: Bool

    init(_ agent: AgentDefinition) {
        fileSearch = agent.tools.first { $0.isOf("file_search") }?.name ?? "file_search"
        webSearch = agent.tools.first { $0.isOf("web_search") }?.name ?? "web_search"
        mayCite = agent.tools.contains { $0.isOf("file_search") }
    }

    private func said(_ text: String) -> String {
        mayCite ? CitationMarks.removed(from: text) : text
    }

    /// What a message says.
    func text(of item: ResponsesFrame.Item) -> String {
        said((item.content ?? []).compactMap { $0.text ?? $0.refusal }.joined())
    }

    /// The answer of a finished response, without times and steps.
    func answer(_ response: ResponsesFrame.Response, _ status: Answer.Status) -> Answer {
        let output = response.output ?? []
        let content = output.filter { $0.type == "message" }.map { $0.content ?? [] }
        var answer = Answer(
            status: status,
            text: content.map { said($0.compactMap { $0.text ?? $0.refusal }.joined()) }.joined(separator: "\n"),
            hasMessage: !content.isEmpty,
            toolCalls: output.compactMap(call),
            retrieved: retrieved(output).filter { !$0.document.isEmpty },
            cited: cited(content.flatMap { $0 }),
            tellsSources: retrieved(output).allSatisfy { !$0.document.isEmpty },
            usage: response.usage?.reported,
            error: error(response, status),
            id: response.id
        )
        if status == .failed, let error = response.error {
            answer.putOff = Answer.PutOff(code: error.code, message: error.message)
        }
        answer.refuses =
            content.joined().contains { $0.refusal != nil }
            || response.incomplete_details?.reason == Answer.filteredContent
        return answer
    }

    /// The calls that the caller has to execute.
    func functionCalls(_ response: ResponsesFrame.Response) -> [FunctionCall] {
        (response.output ?? []).filter { $0.type == "function_call" }.map { item in
            FunctionCall(id: item.call_id ?? "", name: item.name ?? "", arguments: item.arguments ?? "")
        }
    }

    /// An item as a call of a server's tool; nil when it is something else.
    func call(_ item: ResponsesFrame.Item) -> Answer.ToolCall? {
        switch item.type {
        case "file_search_call": searchCall(item)
        case "mcp_call":
            Answer.ToolCall(
                name: item.name ?? "", tool: item.server_label ?? "", arguments: arguments(item),
                result: item.output?.interpolated,
                error: item.error.flatMap(message)
            )
        case "mcp_approval_request":
            Answer.ToolCall(
                name: item.name ?? "", tool: item.server_label ?? "", arguments: arguments(item),
                error: "The call waits for an approval that nobody gives."
            )
        case "web_search_call": Answer.ToolCall(name: webSearch, tool: webSearch, arguments: [:])
        case _: nil
        }
    }

    private func searchCall(_ item: ResponsesFrame.Item) -> Answer.ToolCall {
        let queries = item.queries ?? []
        let arguments: Value =
            queries.count == 1 ? query(queries[0]) : ["queries": .array(queries.map(Value.string))]
        let passages = item.results?.compactMap(\.text)
        return Answer.ToolCall(
            name: fileSearch, tool: fileSearch, arguments: arguments,
            result: passages?.joined(separator: "\n\n"),
            error: item.status == "failed" ? "The search failed." : nil
        )
    }

    /// When a search starts, OGX reports the model's arguments as the query.
    private func query(_ text: String) -> Value {
        if let arguments = FunctionCall.parsed(text), arguments.object != nil { return arguments }
        return ["query": .string(text)]
    }

    func arguments(_ item: ResponsesFrame.Item) -> Value {
        let text = item.arguments ?? ""
        return text.isEmpty ? "" : FunctionCall.parsed(text) ?? .string(text)
    }

    private func message(_ error: Value) -> String? {
        error == .null ? nil : error["message"]?.string ?? error.interpolated
    }

    /// Best first; those without a score last.
    private func retrieved(_ output: [ResponsesFrame.Item]) -> [Answer.Passage] {
        output.flatMap { $0.results ?? [] }
            .map { Answer.Passage(document: document($0), score: $0.score, text: $0.text) }
            .bestFirst
    }

    /// Since 0.4 the file's name is an attribute, and the name field has an id; 0.3 has only the id, 0.2 nothing.
    private func document(_ passage: ResponsesFrame.Item.Passage) -> String {
        DocumentName.path(ofFilename: passage.attributes?["filename"]?.string ?? passage.filename ?? "")
    }

    private func cited(_ content: [ResponsesFrame.Item.Content]) -> [String] {
        var seen: Set<String> = []
        return content.flatMap { $0.annotations ?? [] }
            .filter { $0.type == "file_citation" }
            .compactMap(\.filename)
            .map(DocumentName.path(ofFilename:))
            .filter { seen.insert($0).inserted }
    }

    private func error(_ response: ResponsesFrame.Response, _ status: Answer.Status) -> String? {
        switch status {
        case .completed: nil
        case .incomplete: response.incomplete_details?.reason ?? response.error?.message ?? "incomplete"
        case .failed: response.error?.message ?? "The server did not say why."
        }
    }
}

extension ToolDefinition {
    /// Whether it is a built-in tool type of the Responses API: `file_search`, `web_search`.
    fileprivate func isOf(_ type: String) -> Bool {
        if fileSearch != nil { return type == "file_search" }
        if builtin != nil { return type == "web_search" }
        return toolGroup.flatMap(ResponsesRequest.equivalent)?["type"]?.string == type
    }
}
