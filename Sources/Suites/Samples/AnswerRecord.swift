import Language
import Runtime

/// An answer in a log; times in nanoseconds.
struct AnswerRecord: Sendable, Hashable {
    let status: Answer.Status
    let text: String
    let hasMessage: Bool
    let toolCalls: [Answer.ToolCall]?
    let retrieved: [Answer.Passage]?
    let cited: [String]?
    let tellsSources: Bool
    let tellsCitations: Bool
    let tellsToolErrors: Bool
    let usage: Answer.Usage?
    let steps: Int?
    let latency: Int
    let firstToken: Int?
    let isStreamed: Bool
    /// Only when it differs from the text.
    let streamedText: String?
    let error: String?
    let id: String?
    let fallback: String?
    let pendingCalls: [Answer.ToolCall]?
    /// Only when it is, or that is not known.
    let refuses: Refusal?

    enum Refusal: String, Sendable, Hashable {
        case yes, unknown
    }
}

extension AnswerRecord {
    init(_ answer: Answer) {
        status = answer.status
        text = answer.text
        hasMessage = answer.hasMessage
        toolCalls = answer.toolCalls.isEmpty ? nil : answer.toolCalls
        retrieved = answer.retrieved.isEmpty ? nil : answer.retrieved
        cited = answer.cited.isEmpty ? nil : answer.cited
        tellsSources = answer.tellsSources
        tellsCitations = answer.tellsCitations
        tellsToolErrors = answer.tellsToolErrors
        usage = answer.usage
        steps = answer.steps
        latency = answer.latency.nanoseconds
        firstToken = answer.timeToFirstToken?.nanoseconds
        isStreamed = answer.streamedText != nil
        streamedText = answer.streamedText?.isExactly(answer.text) == true ? nil : answer.streamedText
        error = answer.error
        id = answer.id
        fallback = answer.fallback
        pendingCalls = answer.pendingCalls.isEmpty ? nil : answer.pendingCalls
        refuses = answer.refuses == false ? nil : answer.refuses == nil ? .unknown : .yes
    }

    var answer: Answer {
        var answer = Answer(
            status: status, text: text, hasMessage: hasMessage, toolCalls: toolCalls ?? [], retrieved: retrieved ?? [],
            cited: cited ?? [], tellsSources: tellsSources, usage: usage, steps: steps, latency: .nanoseconds(latency),
            timeToFirstToken: firstToken.map { .nanoseconds($0) },
            streamedText: isStreamed ? streamedText ?? text : nil,
            error: error, id: id)
        answer.tellsCitations = tellsCitations
        answer.tellsToolErrors = tellsToolErrors
        answer.fallback = fallback
        answer.pendingCalls = pendingCalls ?? []
        answer.refuses = refuses == nil ? false : refuses == .yes ? true : nil
        return answer
    }
}
