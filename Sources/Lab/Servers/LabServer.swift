/// The servers of a lab, in the order in which they are listed.
package enum LabServer: String, Sendable, Hashable, Codable, CaseIterable {
    case llamastack, mlflow, model, mcp

    /// What people call it.
    package var title: String {
        switch self {
        case .llamastack: "OGX"
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
    case waiting([LabServer], since: Duration)
    case stopped(LabServer)
}

/// What the user chose for a lab.
package struct LabSettings: Sendable, Hashable {
    /// A model server to use instead of the scripted model.
    package struct RealModel: Sendable, Hashable {
        /// OpenAI-compatible; `/v1` is added where it is missing.
        package var url: String
        package var model: String
        /// Nil keeps the lab's own embeddings.
        package var embeddingModel: String?
        package var embeddingDimension: Int

        package init(url: String, model: String, embeddingModel: String? = nil, embeddingDimension: Int = 384) {
            self.url = url
            self.model = model
            self.embeddingModel = embeddingModel
            self.embeddingDimension = embeddingDimension
        }

        /// The URL that ends with `/v1`.
        var base: String {
            var base = url[...]
            while base.hasSuffix("/") { base = base.dropLast() }
            return base.hasSuffix("/v1") ? String(base) : "\(base)/v1"
        }
    }

    /// The file of rules of the scripted model; nil for its built-in behaviour.
    package var script: String?
    package var realModel: RealModel?
    /// How long a server may take until it answers.
    package var startLimit: Duration

    package init(script: String? = nil, realModel: RealModel? = nil, startLimit: Duration = .seconds(120)) {
        self.script = script
        self.realModel = realModel
        self.startLimit = startLimit
    }
}
