import Language

/// Turns the output of a served agent, streamed or not, into events and, at its end, the answer. Pure: time is a
/// parameter.
struct InvocationReader {
    /// An error frame, or invalid output: nothing is known about the answer.
    struct Failure: Error, Hashable {
        var code: String?
        var message: String
    }

    /// The answer, once its end was read.
    private(set) var answer: Answer?
    private(set) var output: ServedOutput
    private let agent: AgentDefinition
    private var spoken = SpokenText()
    private var open: Set<String> = []

    init(_ agent: AgentDefinition) {
        self.agent = agent
        output = ServedOutput(agent)
    }

    /// Reads one frame of the stream that arrived some time after the question was sent.
    mutating func read(_ frame: String, at time: Duration) throws -> [AgentEvent] {
        // A bare ResponsesAgent ends without a completion event.
        if frame == "[DONE]" {
            if answer == nil, !output.values.isEmpty { try finish(nil, .completed, isStreamed: true, at: time) }
            return []
        }
        return try reading(frame) {
            let event = try InvocationFrame.decode(frame, as: InvocationFrame.Event.self)
            switch event.type {
            case "response.output_text.delta":
                return [.text(spoken.add(event.delta ?? "", of: event.item_id, at: time))]
            case "response.output_item.done": return try event.item.map { try take($0) } ?? []
            case "response.completed": try finish(event, .completed, at: time)
            case "response.incomplete": try finish(event, .incomplete, at: time)
            case "response.failed": try finish(event, .failed, at: time)
            case "error": throw Self.failure(event)
            case nil: if event.error != nil { throw Self.failure(event) }
            case _: break  // Progress that the events above report, too.
            }
            return []
        }
    }

    /// Reads an answer that was not streamed.
    mutating func read(whole body: Value, at time: Duration) throws -> [AgentEvent] {
        try reading(body.canonicalJSON) {
            let response = try body.decoded(as: InvocationFrame.Response.self)
            guard let items = response.output else { throw Failure(message: "The answer has no field `output`.") }
            let events = try items.flatMap { try take($0) }
            try finish(response, .completed, isStreamed: false, at: time)
            return events
        }
    }

    private func reading<R>(_ text: String, _ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch  where error is DecodingError || error is ObjectFields.Mismatch {
            throw Failure(message: "The server sent something that cannot be read: \(text.prefix(200))")
        }
    }

    /// A call starts with its `function_call`, except for functions of the agent, which the caller mostly executes.
    private mutating func take(_ item: Value) throws -> [AgentEvent] {
        let call = try output.add(item)
        guard let id = item["call_id"]?.string, item["type"] == "function_call" || call != nil else {
            return call.map { [.toolStarted(name: $0.name), .toolFinished($0)] } ?? []
        }
        if let call {
            let isOpen = open.remove(id) != nil
            return (isOpen ? [] : [.toolStarted(name: call.name)]) + [.toolFinished(call)]
        }
        let name = item["name"]?.string ?? ""
        guard !agent.tools.contains(where: { $0.name == name && $0.function != nil }) else { return [] }
        open.insert(id)
        return [.toolStarted(name: agent.told(name).name)]
    }

    private mutating func finish(_ event: InvocationFrame.Event, _ status: Answer.Status, at time: Duration) throws {
        // The final output counts: a server may have streamed less of it.
        if let items = event.response?.output, !items.isEmpty {
            output = ServedOutput(agent)
            for item in items { _ = try output.add(item) }
        }
        try finish(event.response, status, isStreamed: true, at: time)
        note(event.custom_outputs)
    }

    /// Takes what the fields of an answer have no place for.
    private mutating func note(_ told: InvocationFrame.CustomOutputs?) {
        guard let told else { return }
        if let reason = told.fallback { answer?.fallback = reason.interpolated }
        if told.tells_sources == false { answer?.tellsSources = false }
        if told.tells_citations == false { answer?.tellsCitations = false }
    }

    private mutating func finish(
        _ response: InvocationFrame.Response?, _ status: Answer.Status, isStreamed: Bool, at time: Duration
    ) throws {
        var answer = output.answer(response, response?.status.flatMap(Answer.Status.init) ?? status)
        answer.latency = time
        if isStreamed {
            answer.timeToFirstToken = spoken.timeToFirstToken
            answer.streamedText = spoken.text
        }
        self.answer = answer
        note(response?.custom_outputs)
    }

    private static func failure(_ event: InvocationFrame.Event) -> Failure {
        let code = event.error?["code"] ?? event.code
        let message = event.error?["message"]?.string ?? event.error?.string ?? event.message
        return Failure(
            code: code.flatMap { $0 == .null ? nil : $0.interpolated },
            message: message ?? "The server sent an error without words.")
    }
}
