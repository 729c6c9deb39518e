/// The routes of a server of agents; `{name}` stands for the name of an agent.
enum Route: String, CaseIterable, Sendable {
    case invocations = "/invocations"
    case responses = "/responses"
    case v1Responses = "/v1/responses"
    case models = "/v1/models"
    case model = "/v1/models/{name}"
    case endpointInvocations = "/endpoints/{name}/invocations"
    case endpoints = "/api/2.0/endpoints"
    case endpoint = "/api/2.0/endpoints/{name}"
    case ping = "/ping"
    case health = "/health"
    case ready = "/ready"
    case version = "/version"
    case agentInfo = "/agent/info"
    case metrics = "/metrics"
    case openAPI = "/openapi.json"

    /// The route at a path, which may end with `/`, and the name that stands in it; nil where there is none.
    static func at(_ path: String) -> (route: Route, name: String?)? {
        let path = path.hasSuffix("/") ? path.dropLast() : path[...]
        if let route = Route(rawValue: String(path)), !route.isNamed { return (route, nil) }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for route in allCases where route.isNamed {
            let wanted = route.rawValue.split(separator: "/")
            guard wanted.count == parts.count else { continue }
            let pairs = zip(wanted, parts)
            guard pairs.allSatisfy({ $0 == $1 || $0 == "{name}" && !$1.isEmpty }) else { continue }
            return (route, pairs.first { $0.0 == "{name}" }.map { String($0.1) })
        }
        return nil
    }

    private var isNamed: Bool {
        switch self {
        case .endpointInvocations, .endpoint, .model: true
        case .invocations, .responses, .v1Responses, .models, .endpoints, .ping, .health, .ready, .version, .agentInfo,
            .metrics, .openAPI:
            false
        }
    }

    /// The one method that it takes.
    var method: String {
        dialect == nil ? "GET" : "POST"
    }

    /// What can be read can also be asked for its head alone.
    func takes(_ method: String) -> Bool {
        method == self.method || method == "HEAD" && self.method == "GET"
    }

    /// How answers are told; nil where no agent is asked.
    var dialect: ServedItems.Dialect? {
        switch self {
        case .invocations, .endpointInvocations: .mlflow
        case .responses, .v1Responses: .openAI
        case .models, .model, .endpoints, .endpoint, .ping, .health, .ready, .version, .agentInfo, .metrics, .openAPI:
            nil
        }
    }

    /// Whether it answers without a token: those that look after a server have none.
    var isOpen: Bool {
        switch self {
        case .ping, .health, .ready: true
        case .invocations, .responses, .v1Responses, .endpointInvocations, .models, .model, .endpoints, .endpoint,
            .version, .agentInfo, .metrics, .openAPI:
            false
        }
    }
}
