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

    /// The one method that it takes.
    var method: String {
        dialect == nil ? "GET" : "POST"
    }

    /// How answers are told; nil where no agent is asked.
    var dialect: ServedItems.Dialect? {
        switch self {
        case .invocations: .mlflow
        case .responses, .v1Responses: .openAI
        case .ping, .health, .ready, .version, .agentInfo: nil
        }
    }
}
