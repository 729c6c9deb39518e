package import Language

/// What one turn of an agent gave.
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
        /// The arguments as sent, an object where they are valid JSON.
        package var arguments: Value
        /// What the tool answered, as text; nil when the server does not tell.
        package var result: String?
        /// Why the call failed; nil when it did not.
        package var error: String?
        /// What the result of a pending call is given under; nil for a call that was carried out.
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
        /// Our document path, e.g. `docs/refunds.md`: what the file was uploaded as.
        package var document: String
        package var score: Double?
        /// nil when the server does not tell.
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
        package var total: Int { input + output }

        package init(input: Int, output: Int) {
            self.input = input
            self.output = output
        }
    }

    package var status: Status
    /// The text of all message items; empty when there is none.
    package var text: String
    /// Whether the answer has a message item at all: a server may say `completed` without one.
    package var hasMessage: Bool
    package var toolCalls: [ToolCall]
    package var retrieved: [Passage]
    /// Document paths that the answer's annotations cite; a cited file is also in `retrieved` when the server tells.
    package var cited: [String]
    /// Whether the server tells at all what was retrieved; when not, an empty list means nothing.
    package var tellsSources: Bool
    /// Whether the server tells what the answer cites: server agents (0.2 and 0.3) never do.
    package var tellsCitations = true
    /// Whether calls that went wrong can be told from others; a served agent may not tell.
    package var tellsToolErrors = true
    /// With the tokens of agents that were asked as tools; nil when the server does not tell.
    package var usage: Usage?
    /// Model calls; nil when the server does not tell.
    package var steps: Int?
    package var latency: Duration
    package var timeToFirstToken: Duration?
    /// The text deltas as they were streamed, joined; nil when the turn was not streamed.
    package var streamedText: String?
    /// Why it is failed or incomplete, in the server's words.
    package var error: String?
    /// The server's id of the response, for the next turn.
    package var id: String?
    /// Why chat completions answered instead of the runtime that was chosen; nil when they did not.
    package var fallback: String?
    /// Calls of functions that nobody here carries out: they are the caller's to answer, all that the model asked for
    /// at once. The status is `completed` then, mostly without a message.
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

/// What happens while an agent answers, in order; `finished` is last.
///
/// The model speaks from the beginning, and again from a `toolFinished` with no call left open, until the next
/// `toolStarted` or the end: each such stretch is one model call. Calls that it asked for at once follow each other.
package enum AgentEvent: Sendable, Hashable {
    /// A piece of the answer's text, as it arrives.
    case text(String)
    /// A call begins. Agents of servers up to 0.3 tell a call of their own only when it is carried out.
    case toolStarted(name: String)
    /// A call has ended, with arguments and result or error. Between this and its `toolStarted` stands what an agent
    /// tells that was asked by the call, as `delegated`.
    case toolFinished(Answer.ToolCall)
    /// An agent that is asked as a tool tells something, also its own `finished`.
    indirect case delegated(tool: String, AgentEvent)
    case finished(Answer)
}
