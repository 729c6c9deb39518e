package import Language

/// A tool in an agent's definition. JSON: `name` and exactly one of `fileSearch`, `mcp`, `function`, `builtin`,
/// `toolGroup`, `agent`.
///
///     {"name": "tickets", "mcp": {"url": "http://localhost:9000/mcp", "tokenEnvironment": "TICKETS_TOKEN"}}
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
        /// Its URL as seen from the model server; of a connector the one that the server lists, nil when it lists none.
        package var url: String?
        /// The id of a connector in the server's configuration (0.5 and later).
        package var connector: String?
        /// The name of the environment variable that holds the bearer token, never the token.
        package var tokenEnvironment: String?
        package var headers: [String: String]?
        /// Headers whose values are secret: the names of the environment variables that hold them, by the header's
        /// name.
        package var secretHeaders: [String: String]?
        /// The environment variables among all of these that need not be set: then nothing is sent.
        package var optionalEnvironment: [String]?
        /// The allowed tools; nil for all that the server lists.
        package var allow: [String]?
        /// `never` or `always`; nil is `never`.
        package var requireApproval: String?
        /// The id of the tool group registered for it when the runtime is `agents`.
        package var toolGroup: String?

        package init(
            url: String? = nil, connector: String? = nil, tokenEnvironment: String? = nil,
            headers: [String: String]? = nil, secretHeaders: [String: String]? = nil,
            optionalEnvironment: [String]? = nil, allow: [String]? = nil, requireApproval: String? = nil,
            toolGroup: String? = nil
        ) {
            self.url = url
            self.connector = connector
            self.tokenEnvironment = tokenEnvironment
            self.headers = headers
            self.secretHeaders = secretHeaders
            self.optionalEnvironment = optionalEnvironment
            self.allow = allow
            self.requireApproval = requireApproval
            self.toolGroup = toolGroup
        }
    }

    /// A function that the caller executes. Its handler is not a part of the definition: handlers run only from a local
    /// spec.
    package struct Function: Sendable, Hashable, Codable {
        package var description: String
        /// The JSON schema of its arguments.
        package var parameters: Value

        package init(description: String, parameters: Value) {
            self.description = description
            self.parameters = parameters
        }
    }

    /// A tool of the server's own, or a group of them, such as `builtin::rag/knowledge_search`.
    package struct ToolGroup: Sendable, Hashable, Codable {
        package var id: String
        /// Arguments of every call.
        package var args: Value?

        package init(id: String, args: Value? = nil) {
            self.id = id
            self.args = args
        }
    }

    /// The declared name, such as `knowledge`; also the server label of an MCP tool and the name of a function.
    package var name: String
    package var fileSearch: FileSearch?
    package var mcp: MCP?
    package var function: Function?
    /// A built-in tool of the server; only `webSearch` so far.
    package var builtin: String?
    package var toolGroup: ToolGroup?
    /// Another agent, asked with one text argument `question`; the model sees a function with its description.
    package var agent: AgentDefinition?

    package init(name: String, fileSearch: FileSearch) {
        self.name = name
        self.fileSearch = fileSearch
    }

    package init(name: String, mcp: MCP) {
        self.name = name
        self.mcp = mcp
    }

    package init(name: String, function: Function) {
        self.name = name
        self.function = function
    }

    package init(name: String, builtin: String) {
        self.name = name
        self.builtin = builtin
    }

    package init(name: String, toolGroup: ToolGroup) {
        self.name = name
        self.toolGroup = toolGroup
    }

    package init(name: String, agent: AgentDefinition) {
        self.name = name
        self.agent = agent
    }
}
