/// The servers of a lab, in the order in which they are listed.
package enum LabServer: String, Sendable, Hashable, Codable, CaseIterable {
    case llamastack, mlflow, model, mcp

    /// Its display name.
    package var title: String {
        switch self {
        case .llamastack: "Llama Stack server"
        case .mlflow: "MLflow"
        case .model: "scripted model"
        case .mcp: "MCP server"
        }
    }

    /// The path of its health check.
    var healthPath: String {
        switch self {
        case .llamastack: "/v1/health"
        case .mlflow, .model, .mcp: "/health"
        }
    }

    /// The URL for clients of a server at a root such as `http://127.0.0.1:18321`.
    func clientURL(root: String) -> String {
        switch self {
        case .llamastack, .mlflow: root
        case .model: root + "/v1"
        case .mcp: root + "/mcp"
        }
    }
}

/// An event while a lab starts or stops.
package enum LabEvent: Sendable, Hashable {
    /// A version that drover's tests do not run, and the one that it is started like; both with their product.
    case untested(String, like: String)
    case installing(name: String, directory: String)
    case installed(name: String, after: Duration)
    case kept(LabServer)
    case crashed(LabServer, lastLines: String)
    case restarting(LabServer)
    case starting(LabServer, port: Int)
    case ready(LabServer, after: Duration)
    /// Sent every five seconds.
    case waiting(LabServer, since: Duration)
    case stopped(LabServer)
}
