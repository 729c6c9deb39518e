/// The servers of a lab, in the order in which they are listed.
package enum LabServer: String, Sendable, Hashable, Codable, CaseIterable {
    case llamastack, mlflow, model, mcp

    /// What people call it.
    package var title: String {
        switch self {
        case .llamastack: "Llama Stack server"
        case .mlflow: "MLflow"
        case .model: "scripted model"
        case .mcp: "MCP server"
        }
    }

    /// Where it says that it is well.
    var healthPath: String {
        switch self {
        case .llamastack: "/v1/health"
        case .mlflow, .model, .mcp: "/health"
        }
    }

    /// What clients are given, for a server at a root such as `http://127.0.0.1:18321`.
    func clientURL(root: String) -> String {
        switch self {
        case .llamastack, .mlflow: root
        case .model: root + "/v1"
        case .mcp: root + "/mcp"
        }
    }
}

/// What happens while a lab starts or stops, as it happens.
package enum LabEvent: Sendable, Hashable {
    case installing(name: String, directory: String)
    case installed(name: String, after: Duration)
    case kept(LabServer)
    case crashed(LabServer, lastLines: String)
    case restarting(LabServer)
    case starting(LabServer, port: Int)
    case ready(LabServer, after: Duration)
    /// Told every five seconds.
    case waiting(LabServer, since: Duration)
    case stopped(LabServer)
}
