import FoundationEssentials
import Language

/// Turns the frames of a server agent's turn into events and, at its end, the answer. Pure: time is a parameter.
///
/// These servers report neither tokens nor citations; search results have file ids.
struct TurnReader {
    /// An error frame, or an invalid frame: nothing is known about the answer.
    struct Failure: Error, Hashable {
        var message: String
    }

    /// The result of the turn, once its last frame was read.
    private(set) var answer: Answer?
    /// The calls that the ended turn waits for; empty for a complete turn.
    private(set) var calls: [FunctionCall] = []
    private(set) var turn = ""
    /// The passages that searches found, by the ids of their files; the best first.
    private(set) var found: [Answer.Passage] = []
    /// Whether there was a search whose results the server did not report.
    private(set) var hidesSources = false
    private let agent: AgentDefinition
    private let own: Set<String>
    private var toolCalls: [Answer.ToolCall] = []
    private var streamedText = ""
    private var timeToFirstToken: Duration?
    private var steps = 0
    private var refuses = false

    init(_ agent: AgentDefinition) {
        self.agent = agent
        own = Set(agent.tools.filter { $0.offered != nil }.map(\.name))
    }

    /// Reads one frame that arrived some time after the question was sent.
    mutating func read(_ frame: String, at time: Duration) throws -> [AgentEvent] {
        do {
            let frame = try TurnFrame.decode(frame)
            if let payload = frame.event?.payload { return events(of: payload, at: time) }
            throw Failure(message: frame.error?.message ?? "The server sent an error without words.")
        } catch is DecodingError {
            throw Failure(message: "The server sent something that cannot be read: \(frame.prefix(200))")
        }
    }

    private mutating func events(of payload: TurnFrame.Payload, at time: Duration) -> [AgentEvent] {
        switch (payload.event_type, payload.step_type) {
        case ("step_start", "inference"):
            steps += 1
            streamedText = ""
        case ("step_progress", "inference"):
            guard let text = payload.delta?.text, !text.isEmpty else { return [] }
            timeToFirstToken = timeToFirstToken ?? time
            streamedText += text
            return [.text(text)]
        case ("step_progress", "tool_execution"):
            return (payload.delta?.tool_call).map { [.toolStarted(name: agent.told($0.tool_name).name)] } ?? []
        case ("step_complete", "tool_execution"):
            return payload.step_details.map { executed($0) } ?? []
        case ("step_complete", "shield_call"):
            if let violation = payload.step_details?.violation, violation != .null { refuses = true }
        case ("turn_complete", _): finish(payload.turn, at: time)
        case ("turn_awaiting_input", _):
            finish(payload.turn, at: time)
            wait(for: payload.turn?.output_message)
        case _: break  // Progress that the frames above report, too.
        }
        return []
    }

    /// The results of a step with the server's own tools. Submitted results come back as such a step, and are skipped.
    private mutating func executed(_ step: TurnFrame.Step) -> [AgentEvent] {
        (step.tool_responses ?? []).filter { !own.contains($0.tool_name) }.map { response in
            let call = step.tool_calls?.first { $0.call_id == response.call_id } ?? step.tool_calls?.first
            let (name, tool) = agent.told(response.tool_name)
            let text = call?.argumentsText ?? ""
            let done = Answer.ToolCall(
                name: name, tool: tool, arguments: FunctionCall.parsed(text) ?? .string(text),
                result: response.metadata?.chunks?.joined(separator: "\n\n") ?? TurnFrame.text(of: response.content))
            note(response)
            toolCalls.append(done)
            return .toolFinished(done)
        }
    }

    private mutating func note(_ response: TurnFrame.ToolResponse) {
        guard let files = response.metadata?.document_ids else {
            hidesSources = hidesSources || response.tool_name == AgentConfig.searchTool
            return
        }
        let scores = response.metadata?.scores ?? []
        for (index, file) in files.enumerated() {
            found.append(Answer.Passage(document: file, score: scores.indices.contains(index) ? scores[index] : nil))
        }
        found = found.bestFirst
    }

    private mutating func finish(_ turn: TurnFrame.Turn?, at time: Duration) {
        let text = TurnFrame.text(of: turn?.output_message.content)
        self.turn = turn?.turn_id ?? ""
        answer = Answer(
            status: .completed, text: text, hasMessage: !text.isEmpty, toolCalls: toolCalls,
            steps: steps > 0 ? steps : nil, latency: time, timeToFirstToken: timeToFirstToken,
            streamedText: streamedText)
        answer?.refuses = refuses
        guard turn?.output_message.stop_reason == "out_of_tokens" else { return }
        answer?.status = .incomplete
        answer?.error = Answer.outOfTokens
    }

    /// The server waits when it says `end_of_message`; at `end_of_turn` it has no steps left, whatever the event says.
    private mutating func wait(for message: TurnFrame.Turn.Message?) {
        guard message?.stop_reason == "end_of_message" else {
            answer?.status = .incomplete
            answer?.error = Answer.outOfSteps
            return
        }
        calls = (message?.tool_calls ?? []).map {
            FunctionCall(id: $0.call_id, name: $0.tool_name, arguments: $0.argumentsText)
        }
    }
}
