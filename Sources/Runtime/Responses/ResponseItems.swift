import Language
import Wire

/// Tells the output items of a response in the words of the agent that gave it.
struct ResponseItems {
    /// The declared name of the tool that searches files: the API has but one.
    private let fileSearch: String

    init(_ agent: AgentDefinition) {
        fileSearch = agent.tools.first { $0.fileSearch != nil }?.name ?? "file_search"
    }

    /// What a finished response says; times and steps are not in it.
    func answer(_ response: ResponsesFrame.Response, _ status: Answer.Status) -> Answer {
        let output = response.output ?? []
        let content = output.filter { $0.type == "message" }.map { $0.content ?? [] }
        return Answer(
            status: status,
            text: content.map { $0.compactMap { $0.text ?? $0.refusal }.joined() }.joined(separator: "\n"),
            hasMessage: !content.isEmpty,
            toolCalls: output.compactMap(call),
            retrieved: retrieved(output),
            cited: cited(content.flatMap { $0 }),
            usage: response.usage.map { Answer.Usage(input: $0.input_tokens, output: $0.output_tokens) },
            error: error(response, status),
            id: response.id
        )
    }

    /// The call of a tool that an item is; nil when it is none.
    func call(_ item: ResponsesFrame.Item) -> Answer.ToolCall? {
        switch item.type {
        case "file_search_call": searchCall(item)
        case "mcp_call":
            Answer.ToolCall(
                name: item.name ?? "", tool: item.server_label ?? "", arguments: arguments(item), result: item.output,
                error: item.error.flatMap(message)
            )
        case "mcp_approval_request":
            Answer.ToolCall(
                name: item.name ?? "", tool: item.server_label ?? "", arguments: arguments(item),
                error: "The call waits for an approval that nobody gives."
            )
        case "function_call":
            Answer.ToolCall(name: item.name ?? "", tool: item.name ?? "", arguments: arguments(item))
        case "web_search_call":
            Answer.ToolCall(name: "web_search", tool: "web_search", arguments: [:])
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

    /// While a search begins, OGX shows the model's arguments as the query.
    private func query(_ text: String) -> Value {
        if let arguments = parsed(text), arguments.object != nil { return arguments }
        return ["query": .string(text)]
    }

    private func arguments(_ item: ResponsesFrame.Item) -> Value {
        let text = item.arguments ?? ""
        return parsed(text) ?? .string(text)
    }

    private func parsed(_ text: String) -> Value? {
        do {
            return try Value(json: text.utf8)
        } catch {
            return nil  // A model may write what is not JSON: then it is text.
        }
    }

    private func message(_ error: Value) -> String? {
        error == .null ? nil : error["message"]?.string ?? error.interpolated
    }

    /// Best first; those without a score last.
    private func retrieved(_ output: [ResponsesFrame.Item]) -> [Answer.Passage] {
        output.flatMap { $0.results ?? [] }
            .map { Answer.Passage(document: document($0), score: $0.score) }
            .enumerated()
            .sorted { ($1.element.score ?? -.infinity, $0.offset) < ($0.element.score ?? -.infinity, $1.offset) }
            .map(\.element)
    }

    /// OGX keeps the file's name in an attribute and shows another id as the name.
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
