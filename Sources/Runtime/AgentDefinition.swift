package import Language

/// What an agent is, resolved: everything that a runtime needs to run it, with server ids, without secrets.
///
/// Its canonical JSON is logged with every version (`definition.json`) and its SHA-256 is the artifact digest's core.
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

    /// The declared name of the agent, e.g. `support`.
    package var name: String
    package var description: String?
    /// The server's id of the model.
    package var model: String
    package var instructions: String
    package var tools: [ToolDefinition]
    package var sampling: Sampling?
    /// The most model calls in one turn.
    package var maxSteps: Int
    /// `auto`, `required`, `none` or the name of a tool; nil leaves it to the server.
    package var toolChoice: String?
    /// A JSON schema that the answer must follow.
    package var responseFormat: Value?
    package var metadata: [String: String]?

    package init(
        name: String, description: String? = nil, model: String, instructions: String, tools: [ToolDefinition] = [],
        sampling: Sampling? = nil, maxSteps: Int = 10, toolChoice: String? = nil, responseFormat: Value? = nil,
        metadata: [String: String]? = nil
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
    }
}

/// A tool as an agent's definition names it. JSON: exactly one of `fileSearch`, `mcp` beside `name`.
package struct ToolDefinition: Sendable, Hashable, Codable {
    package struct FileSearch: Sendable, Hashable, Codable {
        /// Server ids, `vs_…`.
        package var vectorStores: [String]
        package var maxResults: Int?
        package var minScore: Double?
        package var filters: Value?

        package init(
            vectorStores: [String], maxResults: Int? = nil, minScore: Double? = nil, filters: Value? = nil
        ) {
            self.vectorStores = vectorStores
            self.maxResults = maxResults
            self.minScore = minScore
            self.filters = filters
        }
    }

    package struct MCP: Sendable, Hashable, Codable {
        package var url: String
        /// The name of the environment variable that holds the bearer token, never the token.
        package var tokenEnvironment: String?
        package var headers: [String: String]?
        /// The tools that may be called; nil for all that the server lists.
        package var allow: [String]?
        /// `never` or `always`; nil is `never`.
        package var requireApproval: String?

        package init(
            url: String, tokenEnvironment: String? = nil, headers: [String: String]? = nil, allow: [String]? = nil,
            requireApproval: String? = nil
        ) {
            self.url = url
            self.tokenEnvironment = tokenEnvironment
            self.headers = headers
            self.allow = allow
            self.requireApproval = requireApproval
        }
    }

    /// The declared name, e.g. `knowledge`; also the server label of an MCP tool.
    package var name: String
    package var fileSearch: FileSearch?
    package var mcp: MCP?

    package init(name: String, fileSearch: FileSearch) {
        self.name = name
        self.fileSearch = fileSearch
    }

    package init(name: String, mcp: MCP) {
        self.name = name
        self.mcp = mcp
    }
}
