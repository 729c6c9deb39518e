/// The routes of a server of agents.
enum Route: String, CaseIterable, Sendable {
    case invocations = "/invocations"
    case responses = "/responses"
    case v1Responses = "/v1/responses"
    case ping = "/ping"
    case health = "/health"
    case ready = "/ready"
    case version = "/version"
    case agentInfo = "/agent/info"
    case metrics = "/metrics"
    case openAPI = "/openapi.json"

    /// The one method that it takes.
    var method: String {
        dialect == nil ? "GET" : "POST"
    }

    /// How answers are told; nil where no agent is asked.
    var dialect: ServedItems.Dialect? {
        switch self {
        case .invocations: .mlflow
        case .responses, .v1Responses: .openAI
        case .ping, .health, .ready, .version, .agentInfo, .metrics, .openAPI: nil
        }
    }

    /// Whether it answers without a token: those that look after a server have none.
    var isOpen: Bool {
        switch self {
        case .ping, .health, .ready: true
        case .invocations, .responses, .v1Responses, .version, .agentInfo, .metrics, .openAPI: false
        }
    }
}
