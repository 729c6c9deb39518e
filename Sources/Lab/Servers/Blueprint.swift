import FoundationEssentials
import Language

/// How each server of a lab is started: pure data, created once all ports are known.
struct Blueprint: Sendable {
    let place: LabPlace
    let settings: LabSettings
    let ports: [LabServer: Int]
    /// The running drover binary, which is also the scripted model and the MCP server.
    let executable: String
    let mlflow: String
    let llamastack: String

    func root(of server: LabServer) -> String {
        "http://127.0.0.1:\(ports[server] ?? 0)"
    }

    var variables: [String: String] {
        [
            "DROVER_LAB_LLAMASTACK_URL": LabServer.llamastack.clientURL(root: root(of: .llamastack)),
            "DROVER_LAB_MLFLOW_URL": LabServer.mlflow.clientURL(root: root(of: .mlflow)),
            "DROVER_LAB_MODEL_URL": settings.realModel?.base ?? LabServer.model.clientURL(root: root(of: .model)),
            "DROVER_LAB_MCP_URL": LabServer.mcp.clientURL(root: root(of: .mcp)),
            "DROVER_LAB_DESK_URL": root(of: .mcp),
        ]
    }

    func program(of server: LabServer) -> Program {
        let port = String(ports[server] ?? 0)
        let directory = data(of: server)
        return switch server {
        case .model:
            Program(
                words: [executable, "lab", "model", "--port", port] + (settings.script.map { ["--script", $0] } ?? []),
                environment: [:], directory: directory)
        case .mcp:
            Program(words: [executable, "lab", "mcp", "--port", port], environment: [:], directory: directory)
        case .mlflow:
            Program(
                words: [
                    "\(mlflow)/bin/python", "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", port,
                    "--workers", "1",
                    "--backend-store-uri", "sqlite:///\(directory)/mlflow.db",
                    "--artifacts-destination", "\(directory)/artifacts",
                ],
                environment: [
                    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true",
                    "DO_NOT_TRACK": "true", "PYTHONUNBUFFERED": "1",
                ], directory: directory)
        case .llamastack:
            Program(
                words: settings.stack.words(in: llamastack, configuration: configurationPath, port: port),
                environment: stackEnvironment, directory: directory)
        }
    }

    /// Each version has its own data: none can read that of another.
    func data(of server: LabServer) -> String {
        switch server {
        case .llamastack: "\(place.data(of: server))/\(settings.stack.rawValue)"
        case .mlflow: "\(place.data(of: server))/\(settings.mlflow.rawValue)"
        case .model, .mcp: place.data(of: server)
        }
    }

    /// The lines of the server's configuration file.
    var configuration: String { settings.stack.configuration }

    var configurationPath: String {
        "\(data(of: .llamastack))/configuration-\(StableHash.hexadecimal(configuration)).yaml"
    }

    private var stackEnvironment: [String: String] {
        let own = LabServer.model.clientURL(root: root(of: .model))
        let real = settings.realModel
        let data = data(of: .llamastack)
        return [
            "DROVER_LAB_DATA": data,
            "DROVER_LAB_CHAT_URL": real?.base ?? own,
            "DROVER_LAB_CHAT_MODEL": real?.model ?? ScriptedModel.chatModel,
            "DROVER_LAB_EMBEDDING_URL": real?.embeddingModel == nil ? own : real?.base ?? own,
            "DROVER_LAB_EMBEDDING_MODEL": real?.embeddingModel ?? ScriptedModel.embeddingModel,
            "DROVER_LAB_EMBEDDING_DIMENSION": String(
                real?.embeddingModel == nil ? Embedding.dimension : real?.embeddingDimension ?? Embedding.dimension),
            "DROVER_LAB_GUARD_URL": own,
            "DROVER_LAB_MCP_URL": LabServer.mcp.clientURL(root: root(of: .mcp)),
            "OGX_CONFIG_DIR": "\(data)/home", "LLAMA_STACK_CONFIG_DIR": "\(data)/home", "SQLITE_STORE_DIR": data,
            "TIKTOKEN_CACHE_DIR": "\(llamastack)/share/tiktoken",
            "HF_HUB_OFFLINE": "1", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "OTEL_SDK_DISABLED": "true",
            "DO_NOT_TRACK": "true", "PYTHONUNBUFFERED": "1",
            "NO_COLOR": "1", "COLUMNS": "200",
        ]
    }

    /// The key of a real model server, which only the server of agents gets: with another one it is started anew.
    /// - Returns: The digest of its program, which tells keys apart, and the variables that are in no file.
    func keyed(
        _ server: LabServer, from environment: [String: String]
    ) -> (digest: String, secrets: [String: String]) {
        var program = program(of: server)
        guard server == .llamastack, let key = environment[Self.chatKey] else { return (program.digest, [:]) }
        program.environment[Self.chatKey] = sha256Hex(key.utf8)
        return (program.digest, [Self.chatKey: key])
    }

    private static let chatKey = "DROVER_LAB_CHAT_KEY"

    /// The part of the user's environment that a server gets: nothing that could configure it.
    static func inherited(from environment: [String: String]) -> [String: String] {
        let names: Set = ["PATH", "HOME", "USER", "LANG", "TMPDIR", "SSL_CERT_FILE"]
        var kept = environment.filter { names.contains($0.key) || $0.key.hasPrefix("LC_") }
        kept["NO_PROXY"] = "127.0.0.1,localhost"
        kept["no_proxy"] = "127.0.0.1,localhost"
        return kept
    }
}
