import Language

/// What a Llama Stack or OGX server can do, probed from the server: `GET /v1/version`, then `GET /openapi.json`.
///
/// A table of facts, so that versions are compared nowhere else.
package struct Capabilities: Sendable, Hashable {
    /// The API generations, which differ in what an agent is, in chronological order.
    package enum Generation: Int, Sendable, Hashable, Comparable, CaseIterable {
        /// 0.2.x: server agents; everything OpenAI-compatible under `/v1/openai/v1`.
        case v02
        /// 0.3.x: vector stores and responses under `/v1`; agents under `/v1alpha`.
        case v03
        /// 0.4 to 0.6: no server agents.
        case v04
        /// 0.7: models and tool groups are configured, not registered.
        case v07
        /// 0.8 and later, renamed to OGX: no shields, no evaluation.
        case ogx

        package static func < (left: Generation, right: Generation) -> Bool {
            left.rawValue < right.rawValue
        }

        /// nil for an invalid version, or one that is older than all that drover knows.
        init?(of version: Version) {
            switch version {
            case ..<Version(0, 2): return nil
            case ..<Version(0, 3): self = .v02
            case ..<Version(0, 4): self = .v03
            case ..<Version(0, 7): self = .v04
            case ..<Version(0, 8): self = .v07
            case _: self = .ogx
            }
        }
    }

    /// The version as the server reports it, e.g. `1.5.0`.
    package let version: String
    let number: Version
    package let generation: Generation
    let routes: Routes

    /// - Returns: nil when the version belongs to no generation that drover knows.
    init?(version: String, routes: Routes) {
        number = Version(version)
        guard let generation = Generation(of: number) else { return nil }
        self.version = version
        self.generation = generation
        self.routes = routes
    }

    /// `OGX`, or `Llama Stack` before it was renamed.
    package var product: String {
        generation >= .ogx ? "OGX" : "Llama Stack"
    }

    /// Where the OpenAI-compatible routes are: `/v1`, on 0.2.x `/v1/openai/v1`.
    package var openAIPrefix: String {
        generation == .v02 ? "/v1/openai/v1" : "/v1"
    }

    /// Whether an agent can run as a request to the Responses API.
    package var hasResponses: Bool {
        routes.have("POST", "\(openAIPrefix)/responses")
    }

    /// Whether the server runs agents itself, with sessions and turns.
    package var hasAgents: Bool {
        agentsPath != nil
    }

    func has(_ verb: String, _ path: String) -> Bool {
        routes.have(verb, path)
    }

    package var hasVectorStores: Bool {
        routes.have("POST", "\(openAIPrefix)/vector_stores")
    }

    package var hasFiles: Bool {
        routes.have("POST", "\(openAIPrefix)/files")
    }

    /// Whether models are registered through the API; otherwise they come from the server's configuration.
    package var registersModels: Bool {
        routes.have("POST", "/v1/models")
    }

    package var hasShields: Bool {
        routes.have("POST", "/v1/shields")
    }

    package var hasToolGroups: Bool {
        routes.have("POST", "/v1/toolgroups")
    }

    /// Where the configured MCP servers are listed; nil when there is no such route.
    package var connectorsPath: String? {
        ["/v1beta/connectors", "/v1alpha/admin/connectors", "/v1alpha/connectors"].first { routes.have("GET", $0) }
    }

    /// Whether the server's description names the fields of a request to the Responses API.
    var describesResponses: Bool {
        responsesTake("input")
    }

    /// Whether a request to the Responses API may have a field; fields that it does not know are silently ignored.
    package func responsesTake(_ field: String) -> Bool {
        routes.take(field, in: "POST", "\(openAIPrefix)/responses")
    }
}

/// A version number as far as generations need it; parts that are not numeric count as 0.
struct Version: Comparable, Hashable {
    let major: Int
    let minor: Int

    init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    init(_ text: String) {
        let parts = text.split(separator: ".").map { Int($0.prefix { $0.isASCII && $0.isNumber }) ?? 0 }
        self.init(parts.first ?? 0, parts.count > 1 ? parts[1] : 0)
    }

    static func < (left: Version, right: Version) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}
