import Language

/// Connects to the servers that the settings describe.
package struct Connector: Sendable {
    package let settings: ServerSettings
    /// Asked before each call to MLflow, Llama Stack or OGX that changes something.
    package var admit: (@Sendable (Call) throws -> Void)?
    private let secrets: SecretReader
    private let connections: Int

    /// - Parameter concurrency: The number of concurrent requests of the caller; there are connections for all of them.
    package init(_ settings: ServerSettings, concurrency: Int = 10) {
        self.settings = settings
        secrets = SecretReader(environment: settings.environment, folder: settings.folder)
        connections = AsyncHTTPTransport.connections(for: concurrency)
    }

    /// The connections of a run.
    package struct Transports: Sendable {
        package let llamaStack: CountingTransport
        package let mlflow: CountingTransport
        /// To MCP servers, functions and documents.
        package let others: any HTTPTransport
    }

    /// Runs a body with connections, and closes them afterwards: those to each of the two servers use its TLS settings,
    /// those to other hosts only what the environment says.
    package func withTransports<Result: Sendable>(
        _ body: @escaping @Sendable (Transports) async throws -> Result
    ) async throws -> Result {
        let proxies = AsyncHTTPTransport.Proxies(settings.environment)
        return try await AsyncHTTPTransport.withTransport(
            tls: settings.llamaStackTLS, proxies: proxies, connections: connections
        ) { llamaStack in
            try await AsyncHTTPTransport.withTransport(
                tls: settings.mlflowTLS, proxies: proxies, connections: connections
            ) { mlflow in
                try await AsyncHTTPTransport.withTransport(
                    tls: settings.otherTLS, proxies: proxies, connections: connections
                ) { others in
                    let (toLlamaStack, toMLflow) = (CountingTransport(llamaStack), CountingTransport(mlflow))
                    return try await body(Transports(llamaStack: toLlamaStack, mlflow: toMLflow, others: others))
                }
            }
        }
    }

    /// Asks the server for its version and what it offers.
    /// - Throws: `Diagnostic` when the address or a secret cannot be used; `WireError` when the server cannot.
    package func connectLlamaStack(
        _ transport: any HTTPTransport
    ) async throws -> (server: LlamaStack, found: ConnectedServer) {
        let spec = settings.spec?.llamaStack
        let location = try settings.llamaStackLocation.checked(example: "http://localhost:8321")
        let (data, key) = (try providerData(), try llamaStackKey())
        var endpoint = Endpoint(
            service: "Llama Stack", base: location.url, transport: transport,
            authorization: key.map { .bearer($0) },
            secretHeaders: data.map { [("X-LlamaStack-Provider-Data", $0), ("X-OGX-Provider-Data", $0)] } ?? [],
            timeout: spec?.timeout ?? .seconds(30))
        endpoint.admit = admit
        endpoint.tellsTraceParent = true
        let server = try await LlamaStack.connect(to: endpoint)
        let found = ConnectedServer(
            name: server.endpoint.service, version: server.capabilities.version, url: server.endpoint.base,
            origin: location.origin, user: key.map { _ in "the owner of \(llamaStackKeyOrigin)" })
        return (server, found)
    }

    /// Asks the server for its version.
    /// - Throws: `Diagnostic` when the address or a secret cannot be used; `WireError` when the server cannot.
    package func connectMLflow(
        _ transport: any HTTPTransport
    ) async throws -> (server: MLflowServer, found: ConnectedServer) {
        let location = try settings.mlflowLocation.checked(example: "http://localhost:5000")
        let server = try unaskedMLflow(transport)
        let version = try await server.checkedVersion()
        let found = ConnectedServer(
            name: "MLflow", version: version, url: server.endpoint.base, origin: location.origin,
            user: try mlflowLogin()?.told)
        return (server, found)
    }

    /// The server, without asking whether it is there, for whoever can wait for it.
    /// - Throws: `Diagnostic` when the address or a secret cannot be used.
    package func unaskedMLflow(_ transport: any HTTPTransport) throws -> MLflowServer {
        let location = try settings.mlflowLocation.checked(example: "http://localhost:5000")
        var endpoint = Endpoint(
            service: "MLflow", base: location.url, transport: transport,
            authorization: try mlflowLogin()?.authorization,
            timeout: settings.spec?.mlflow?.timeout ?? .seconds(30))
        endpoint.admit = admit
        return MLflowServer(endpoint)
    }

    /// The value `fake` means none, as in the servers' own clients.
    func llamaStackKey() throws -> Secret? {
        let key =
            if let source = settings.spec?.llamaStack?.apiKey {
                try secrets.header(source)
            } else {
                try secrets.header(variable: "LLAMASTACK_API_KEY")
            }
        return key?.revealed == "fake" ? nil : key
    }

    private var llamaStackKeyOrigin: String {
        settings.spec?.llamaStack?.apiKey.map { Self.named($0.value) } ?? "LLAMASTACK_API_KEY"
    }

    /// Where a secret is.
    private static func named(_ source: SecretSource) -> String {
        switch source {
        case .environment(let name, _): name
        case .file(let path): path
        }
    }

    /// Keys of model providers, as the server reads them from a header; nil when there are none.
    private func providerData() throws -> Secret? {
        var data: [String: Value] = [:]
        for entry in settings.spec?.llamaStack?.providerData ?? [] {
            data[entry.key] = try secrets.read(Located(entry.value, at: entry.keyRange)).map { .string($0.revealed) }
        }
        return data.isEmpty ? nil : Secret(Value.object(data).canonicalJSON)
    }

    /// What the spec says wins over the environment, whose credentials may be another server's. On each side basic
    /// authentication wins over a token, as in MLflow's own client.
    func mlflowLogin() throws -> MLflowLogin? {
        let (spec, environment) = (settings.spec?.mlflow, settings.environment)
        let own = try spec?.password.flatMap { try secrets.read($0) }
        if let user = spec?.username, let own { return .basic(user: user, password: own, origin: "the spec") }
        if let source = spec?.token, let token = try secrets.header(source) {
            return .token(token, origin: Self.named(source.value))
        }
        // The spec may say one half, and the environment the other.
        let (named, inherited) = (spec?.username, environment["MLFLOW_TRACKING_USERNAME"])
        if let user = named ?? inherited, let password = own ?? secrets.variable("MLFLOW_TRACKING_PASSWORD") {
            return .basic(
                user: user, password: password, origin: named == nil ? "MLFLOW_TRACKING_USERNAME" : "the spec")
        }
        return try secrets.header(variable: "MLFLOW_TRACKING_TOKEN").map {
            .token($0, origin: "MLFLOW_TRACKING_TOKEN")
        }
    }
}
