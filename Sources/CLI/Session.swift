import Engine
import FoundationEssentials
import Kinds
import Lab
import Language
import Records
import Reports
import Wire

/// A stack with its servers at hand.
struct Session: Sendable {
    let workflow: Workflow
    let servers: Servers
    let locations: [PlanServer]
    let drivers: [any Driver]
    let store: any RecordStore
    let transports: [CountingTransport]
    /// The SHA-256 of the sources as they were read, in order.
    let specDigest: String

    /// How many requests were sent so far, to all servers.
    var requestCount: Int {
        transports.map(\.count).reduce(0, +)
    }

    /// Connects to the servers that are needed, by default those that the stack needs or has needed, and closes the
    /// connections after the body.
    ///
    /// - Parameter concurrency: How much the body does at a time; there are connections for all of it.
    static func open<Result: Sendable>(
        _ stack: Stack, _ options: ServerOptions, needs: Needs? = nil, concurrency: Int = 10,
        _ body: @escaping @Sendable (Session) async throws -> Result
    ) async throws -> Result {
        let connector = Connector(
            stack, options, needs: needs ?? Kinds.standard.needs(of: stack.workflow), concurrency: concurrency)
        return try await stack.telling {
            try await connector.withTransports { llamaStack, mlflow in
                try await body(try await connector.connect(llamaStack, mlflow, asRecorded: needs == nil))
            }
        }
    }
}

/// Connects a stack to its servers.
struct Connector: Sendable {
    let workflow: Workflow
    private let folder: SpecFolder
    private let spec: ServersSpec?
    let options: ServerOptions
    private let needs: Needs
    private let environment: [String: String]
    private let secrets: SecretReader
    private let labURLs: (llamaStack: String, mlflow: String)?
    private let specDigest: String
    private let connections: Int

    init(_ stack: Stack, _ options: ServerOptions, needs: Needs, concurrency: Int = 10) {
        connections = AsyncHTTPTransport.connections(for: concurrency)
        self.needs = needs
        workflow = stack.workflow
        folder = stack.folder
        spec = stack.servers
        environment = stack.environment
        secrets = SecretReader(environment: stack.environment, folder: stack.folder)
        labURLs = stack.lab.map { ($0.llamastackURL, $0.mlflowURL) }
        specDigest = sha256Hex(stack.sources.sources.reduce(into: [UInt8]()) { $0 += $1.bytes })
        self.options = options
    }

    /// Runs a body with connections for Llama Stack and for MLflow, which are closed after it.
    func withTransports<Result: Sendable>(
        _ body: @escaping @Sendable (CountingTransport, CountingTransport) async throws -> Result
    ) async throws -> Result {
        try await AsyncHTTPTransport.withTransport(
            tls: llamaStackTLS, proxies: proxies, connections: connections
        ) { llamaStack in
            try await AsyncHTTPTransport.withTransport(
                tls: mlflowTLS, proxies: proxies, connections: connections
            ) { mlflow in
                try await body(CountingTransport(llamaStack), CountingTransport(mlflow))
            }
        }
    }

    private var proxies: AsyncHTTPTransport.Proxies {
        AsyncHTTPTransport.Proxies(environment)
    }

    private var llamaStackTLS: TLSOptions {
        TLSOptions(spec?.llamaStack?.tls, in: folder, caFile: environment["SSL_CERT_FILE"], insecure: false)
    }

    private var mlflowTLS: TLSOptions {
        TLSOptions(
            spec?.mlflow?.tls, in: folder,
            caFile: environment["MLFLOW_TRACKING_SERVER_CERT_PATH"] ?? environment["SSL_CERT_FILE"],
            insecure: ["true", "1"].contains(environment["MLFLOW_TRACKING_INSECURE_TLS"]?.lowercased()))
    }

    /// - Parameter asRecorded: Also to the servers where the record says that something of the stack is.
    func connect(
        _ toLlamaStack: CountingTransport, _ toMLflow: CountingTransport, asRecorded: Bool
    ) async throws -> Session {
        async let wantedLlamaStack = needs.llamaStack ? connectLlamaStack(toLlamaStack) : nil
        async let wantedMLflow = needs.mlflow ? connectMLflow(toMLflow) : nil
        var (llamaStack, mlflow) = try await (wantedLlamaStack, wantedMLflow)
        var store: (any RecordStore)?
        if asRecorded, llamaStack == nil || mlflow == nil {
            let recorded = try await recorded(beside: mlflow, toMLflow)
            (mlflow, store) = (recorded.mlflow, recorded.store)
            if llamaStack == nil, recorded.needs.llamaStack { llamaStack = try await connectLlamaStack(toLlamaStack) }
        }
        let servers = servers(llamaStack?.server, mlflow?.server, transport: toLlamaStack)
        return Session(
            workflow: workflow, servers: servers,
            locations: [llamaStack?.location, mlflow?.location].compactMap(\.self),
            drivers: Kinds.standard.drivers(servers, for: workflow), store: try store ?? recordStore(mlflow?.server),
            transports: [toLlamaStack, toMLflow],
            specDigest: specDigest)
    }

    /// The servers at hand, with what else the kinds share.
    func servers(_ llamaStack: LlamaStack?, _ mlflow: MLflowServer?, transport: any HTTPTransport) -> Servers {
        Servers(
            stack: workflow.stack, llamaStack: llamaStack, mlflow: mlflow, folder: folder, transport: transport,
            commit: GitCommit.current(from: folder.rootDirectory))
    }

    var llamaStackLocation: ServerLocation {
        ServerLocation(
            flag: options.llamaStackURL, flagName: "--llamastack-url", spec: spec?.llamaStack?.url,
            variable: "LLAMASTACK_BASE_URL", lab: labURLs?.llamaStack, standard: "http://localhost:8321",
            environment: environment)
    }

    var mlflowLocation: ServerLocation {
        ServerLocation(
            flag: options.mlflowURL, flagName: "--mlflow-url", spec: spec?.mlflow?.url,
            variable: "MLFLOW_TRACKING_URI", lab: labURLs?.mlflow, standard: "http://localhost:5000",
            environment: environment)
    }

    func connectLlamaStack(
        _ transport: any HTTPTransport
    ) async throws -> (server: LlamaStack, location: PlanServer)? {
        let spec = spec?.llamaStack
        let location = try llamaStackLocation.checked()
        var key = try spec?.apiKey.flatMap { try secrets.read($0) }
        if spec?.apiKey == nil { key = environment["LLAMASTACK_API_KEY"].map { Secret($0) } }
        if key?.revealed == "fake" || key?.revealed == "" { key = nil }
        var data: [String: Value] = [:]
        for entry in spec?.providerData ?? [] {
            data[entry.key] = try secrets.read(Located(entry.value, at: entry.keyRange)).map { .string($0.revealed) }
        }
        let header = Secret(Value.object(data).canonicalJSON)
        let endpoint = Endpoint(
            service: "Llama Stack", base: location.url, transport: transport, authorization: key.map { .bearer($0) },
            secretHeaders: data.isEmpty
                ? [] : [("X-LlamaStack-Provider-Data", header), ("X-OGX-Provider-Data", header)],
            timeout: spec?.timeout ?? .seconds(30))
        let server = try await LlamaStack.connect(to: endpoint)
        return (
            server,
            PlanServer(
                name: server.endpoint.service, version: server.capabilities.version, url: server.endpoint.base,
                origin: location.origin)
        )
    }

    func connectMLflow(
        _ transport: any HTTPTransport
    ) async throws -> (server: MLflowServer, location: PlanServer)? {
        let spec = spec?.mlflow
        let location = try mlflowLocation.checked()
        let endpoint = Endpoint(
            service: "MLflow", base: location.url, transport: transport, authorization: try mlflowAuthorization(),
            timeout: spec?.timeout ?? .seconds(30))
        let server = MLflowServer(endpoint)
        let version = try await server.checkedVersion()
        return (server, PlanServer(name: "MLflow", version: version, url: endpoint.base, origin: location.origin))
    }

    /// Basic authentication wins over a token, as in MLflow's own client.
    private func mlflowAuthorization() throws -> Secret? {
        let spec = spec?.mlflow
        let user = spec?.username ?? environment["MLFLOW_TRACKING_USERNAME"]
        let password =
            try spec?.password.flatMap { try secrets.read($0) }
            ?? environment["MLFLOW_TRACKING_PASSWORD"].map { Secret($0) }
        if let user, let password { return .basic(user: user, password: password) }
        let token =
            try spec?.token.flatMap { try secrets.read($0) } ?? environment["MLFLOW_TRACKING_TOKEN"].map { Secret($0) }
        return token.map { .bearer($0) }
    }

    func recordStore(_ mlflow: MLflowServer?) throws -> any RecordStore {
        if let record = options.record {
            guard record.hasPrefix("file:"), record.count > 5 else { throw Diagnostic.badRecord(record) }
            return FileRecord(path: String(record.dropFirst(5)))
        }
        if let mlflow { return MLflowRecord(mlflow, stack: workflow.stack) }
        return FileRecord(path: ".drover/\(workflow.stack).record.json")
    }
}

extension TLSOptions {
    /// What the spec says, and what the environment says where the spec is silent.
    fileprivate init(_ spec: TLSSpec?, in folder: SpecFolder, caFile: String?, insecure: Bool) {
        self.init(
            caFile: spec?.caFile.map(folder.location(of:)) ?? caFile, acceptsAnyCertificate: spec?.insecure ?? insecure)
        guard let certificate = spec?.certFile, let key = spec?.keyFile else { return }
        clientCertificate = ClientCertificate(
            certificateFile: folder.location(of: certificate), keyFile: folder.location(of: key))
    }
}

extension Diagnostic {
    fileprivate static func badRecord(_ text: String) -> Diagnostic {
        Diagnostic(
            "bad-record", "Unreadable place of the record", detail: "`--record \(text)` names no file.",
            fix: "Write `--record file:PATH`.", cause: .usage)
    }
}
