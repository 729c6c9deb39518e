package import Language

/// A resolved agent: everything that a runtime needs to run it, with server ids, without secrets.
///
/// Its canonical JSON is logged with every version (`definition.json`); the artifact digest is based on its SHA-256.
package struct AgentDefinition: Sendable, Hashable, Codable {
    package struct Sampling: Sendable, Hashable, Codable {
        package var temperature: Double?
        package var topP: Double?
        package var maxTokens: Int?
        package var stop: [String]?
        package var seed: Int?

        package init(
            temperature: Double? = nil, topP: Double? = nil, maxTokens: Int? = nil, stop: [String]? = nil,
            seed: Int? = nil
        ) {
            self.temperature = temperature
            self.topP = topP
            self.maxTokens = maxTokens
            self.stop = stop
            self.seed = seed
        }
    }

    /// The declared name of the agent, such as `support`.
    package var name: String
    package var description: String?
    /// The server's id of the model.
    package var model: String
    package var instructions: String
    package var tools: [ToolDefinition]
    package var sampling: Sampling?
    /// The maximum number of model calls in one turn.
    package var maxSteps: Int
    /// `auto`, `required`, `none` or the name of a tool; nil leaves it to the server.
    package var toolChoice: String?
    /// A JSON schema that the answer must follow.
    package var responseFormat: Value?
    package var metadata: [String: String]?
    /// The server's ids of the shields that check questions, or answers; nil for none.
    package var inputShields: [String]?
    package var outputShields: [String]?
    /// The chosen runtime; nil is `responses`.
    package var runtime: Runtime?
    /// The id of an existing server agent that is used unchanged (`existing`): the other fields only describe it.
    package var agentID: String?
    /// The stack that it belongs to, which is a part of the name of its server agent (`<stack>/<agent>@<digest12>`);
    /// nil unless the runtime is `agents`.
    package var stack: String?

    /// How an agent is run.
    package enum Runtime: String, Sendable, Hashable, Codable {
        /// Every turn is a request to the Responses API with the whole definition.
        case responses
        /// An agent on the server (0.2 and 0.3), with sessions and turns.
        case agents
        /// Chat completions; function tools are executed by the caller.
        case chat
    }

    package init(
        name: String, description: String? = nil, model: String, instructions: String, tools: [ToolDefinition] = [],
        sampling: Sampling? = nil, maxSteps: Int = 10, toolChoice: String? = nil, responseFormat: Value? = nil,
        metadata: [String: String]? = nil, runtime: Runtime? = nil
    ) {
        self.name = name
        self.description = description
        self.model = model
        self.instructions = instructions
        self.tools = tools
        self.sampling = sampling
        self.maxSteps = maxSteps
        self.toolChoice = toolChoice
        self.responseFormat = responseFormat
        self.metadata = metadata
        self.runtime = runtime
    }
}
