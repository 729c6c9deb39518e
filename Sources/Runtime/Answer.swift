package import Language

/// The result of one turn of an agent.
package struct Answer: Sendable, Hashable {
    package enum Status: String, Sendable, Hashable, Codable {
        case completed, incomplete, failed
    }

    /// One call of a tool, in the order of the calls.
    package struct ToolCall: Sendable, Hashable, Codable {
        /// The declared name of the tool for file search (`knowledge`), the tool's own name for MCP (`ticket_create`).
        package var name: String
        /// The declared tool that offered it; equal to `name` for file search.
        package var tool: String
        /// The arguments as sent; an object when they are valid JSON.
        package var arguments: Value
        /// The tool's result, as text; nil when the server does not report it.
        package var result: String?
        /// Why the call failed; nil when it did not.
        package var error: String?
        /// The id for submitting the result of a pending call; nil for a call that was executed.
        package var id: String?

        package init(name: String, tool: String, arguments: Value, result: String? = nil, error: String? = nil) {
            self.name = name
            self.tool = tool
            self.arguments = arguments
            self.result = result
            self.error = error
        }
    }

    /// A passage that retrieval brought into the model's prompt, best first.
    package struct Passage: Sendable, Hashable, Codable {
        /// Our document path, such as `docs/refunds.md`: the name under which the file was uploaded.
        package var document: String
        package var score: Double?
        /// Nil when the server does not report it.
        package var text: String?

        package init(document: String, score: Double? = nil, text: String? = nil) {
            self.document = document
            self.score = score
            self.text = text
        }
    }

    package struct Usage: Sendable, Hashable, Codable {
        package var input: Int
        package var output: Int
        /// Of the input, what the model's server had read before; of the output, what the model thought. 0 where a server does
        /// not tell; records do not have them.
        package var cached = 0
        package var reasoning = 0
        package var total: Int { input + output }

        private enum CodingKeys: CodingKey {
            case input, output
        }

        package init(input: Int, output: Int) {
            self.input = input
            self.output = output
        }

        /// What a server reports; nil when it cannot be true.
        init?(reported input: Int, cached: Int? = nil, _ output: Int, reasoning: Int? = nil) {
            let possible = 0...1 << 40
            guard possible.contains(input), possible.contains(output) else { return nil }
            self.init(input: input, output: output)
            self.cached = min(max(0, cached ?? 0), input)
            self.reasoning = min(max(0, reasoning ?? 0), output)
        }
    }

    package var status: Status
    /// The text of all message items; empty when there is none.
    package var text: String
    /// Whether the answer has a message item: a server may report `completed` without one.
    package var hasMessage: Bool
    package var toolCalls: [ToolCall]
    package var retrieved: [Passage]
    /// Document paths that the answer's annotations cite; a cited file is also in `retrieved` if the server reports it.
    package var cited: [String]
    /// Whether the server reports what was retrieved; if not, an empty list means nothing.
    package var tellsSources: Bool
    /// Whether the server reports citations: server agents (0.2 and 0.3) and OGX before 1.3 never do.
    package var tellsCitations = true
    /// Why the documents behind the answer have no names, as full sentences: the files could not be listed. Nil when they were,
    /// or nothing had to be named.
    package var unnamedSources: String?
    /// Whether failed calls can be distinguished from others; a served agent may not report failures.
    package var tellsToolErrors = true
    /// Whether the answer is marked as a refusal: of the model, a shield or a content filter. Nil where that is not
    /// known.
    package var refuses: Bool? = false
    /// Includes the tokens of agents that were asked as tools; nil when the server does not report them.
    package var usage: Usage?
    /// The number of model calls; nil when the server does not report it.
    package var steps: Int?
    package var latency: Duration
    package var timeToFirstToken: Duration?
    /// The text deltas as they were streamed, joined; nil when the turn was not streamed.
    package var streamedText: String?
    /// Why it is failed or incomplete: the server's message.
    package var error: String?
    /// Why it failed, when that passes by itself.
    package var putOff: PutOff?
    /// The server's id of the response, for the next turn.
    package var id: String?
    /// Why chat completions answered instead of the chosen runtime; nil when they did not.
    package var fallback: String?
    /// Whether `text` is only the beginning of what was said: see `AgentRequest.keeping`.
    package var isCut = false
    /// Calls of functions without a handler here: the caller must answer them, all that the model asked for at once.
    /// The status is `completed` then, mostly without a message.
    package var pendingCalls: [ToolCall] = []

    package init(
        status: Status, text: String = "", hasMessage: Bool = false, toolCalls: [ToolCall] = [],
        retrieved: [Passage] = [], cited: [String] = [], tellsSources: Bool = true, usage: Usage? = nil,
        steps: Int? = nil,
        latency: Duration = .zero, timeToFirstToken: Duration? = nil, streamedText: String? = nil,
        error: String? = nil, id: String? = nil
    ) {
        self.status = status
        self.text = text
        self.hasMessage = hasMessage
        self.toolCalls = toolCalls
        self.retrieved = retrieved
        self.cited = cited
        self.tellsSources = tellsSources
        self.usage = usage
        self.steps = steps
        self.latency = latency
        self.timeToFirstToken = timeToFirstToken
        self.streamedText = streamedText
        self.error = error
        self.id = id
    }
}

/// The events while an agent answers, in order; `finished` is last.
///
/// The model generates from the start, and again from a `toolFinished` with no call left open, until the next
/// `toolStarted` or the end: each such interval is one model call. Calls that it requested at once follow each other.
package enum AgentEvent: Sendable, Hashable {
    /// A chunk of the answer's text, as it arrives.
    case text(String)
    /// The text of a message that is too long to be kept: see `AgentRequest.keeping`.
    case again(MessageRepetition)
    /// A call starts. Server agents up to 0.3 report a call of their own tools only when it is executed.
    case toolStarted(name: String)
    /// A call has ended, with arguments and result or error. The events of an agent that was asked by the call are
    /// between this and its `toolStarted`, as `delegated`.
    indirect case toolFinished(Answer.ToolCall)
    /// An event of an agent that is asked as a tool, including its own `finished`.
    indirect case delegated(tool: String, AgentEvent)
    indirect case finished(Answer)
}

/// What happens to a message that is too long to be kept: the server repeats its text, which is passed on again. Sent
/// only when `AgentRequest.keeping` is set.
package enum MessageRepetition: Sendable, Hashable {
    /// The current message has become too long: its text is not kept, and will be repeated.
    case awaited
    /// A message has ended, long or not: what follows belongs to another one. The server may say that it was cut off.
    case ended(isCut: Bool)
    /// A piece of its text, at its end.
    case item(String)
    /// A piece of the text of one of these messages, counted from 0, at the end of the answer; in order.
    case response(Int, String)
}
