import Engine
import Kinds
import Lab
import Language
import Records
import Wire

/// Connects a stack to the servers that it needs, and finds its record.
struct StackConnector: Sendable {
    let servers: Connector
    let workflow: Workflow
    let options: ServerOptions
    /// For the places in warnings.
    let sources: SourceMap
    let environment: [String: String]
    /// What becomes of the work where MLflow does not answer.
    var withoutMLflow = MLflowAbsence.fails
    private let gate = LeaseGate()
    private let folder: SpecFolder
    let needs: Needs
    private let specDigest: String
    private let root: Node
    private let recordSpec: RecordSpec?

    init(_ stack: Stack, _ options: ServerOptions, needs: Needs, concurrency: Int = 10) {
        var servers = Connector(ServerSettings(stack, options), concurrency: concurrency)
        servers.admit = { [gate] _ in try gate.check() }
        self.servers = servers
        workflow = stack.workflow
        folder = stack.folder
        sources = stack.sources
        environment = stack.environment
        specDigest = sha256Hex(stack.sources.sources.reduce(into: [UInt8]()) { $0 += $1.bytes })
        root = stack.root
        recordSpec = stack.record
        self.needs = needs
        self.options = options
    }

    /// - Parameter asRecorded: Also to the servers where the record says that something of the stack is.
    func connect(_ transports: Connector.Transports, asRecorded: Bool) async throws -> Session {
        let (toLlamaStack, toMLflow) = (transports.llamaStack, transports.mlflow)
        async let wantedLlamaStack = needs.llamaStack ? servers.connectLlamaStack(toLlamaStack) : nil
        async let wantedMLflow = needs.mlflow ? connectMLflow(toMLflow) : nil
        var (llamaStack, mlflow) = try await (wantedLlamaStack, wantedMLflow)
        var store: (any RecordStore)?
        if asRecorded, llamaStack == nil || mlflow == nil {
            let recorded = try await recorded(beside: mlflow, toMLflow)
            (mlflow, store) = (recorded.mlflow, recorded.store)
            if llamaStack == nil, recorded.needs.llamaStack {
                llamaStack = try await servers.connectLlamaStack(toLlamaStack)
            }
        }
        let atHand = atHand(llamaStack?.server, mlflow?.server, transport: transports.others)
        let kept = try store ?? recordStore(mlflow?.server)
        let identities = Once { [found = llamaStack?.found, mlflow] in try await Self.identities(found, mlflow) }
        var locations = [llamaStack?.found, mlflow?.found].compactMap(\.self)
        if asRecorded {
            let known = try await identities.value()
            await kept.bind(to: known, isStrict: true)
            locations = locations.map { $0.inWorkspace(of: known) }
        }
        var session = Session(
            workflow: workflow, servers: atHand, locations: locations,
            drivers: Kinds.standard.drivers(atHand, for: workflow), store: kept,
            place: try recordPlace(mlflow: kept is MLflowRecord), gate: gate,
            transports: [toLlamaStack, toMLflow],
            specDigest: specDigest, root: root, recordSpec: recordSpec,
            clientEnvironment: servers.clientEnvironment(certificateAt:), identities: identities)
        if withoutMLflow == .isAwaited { session.awaitedMLflow = try servers.unaskedMLflow(toMLflow) }
        return session
    }

    /// - Returns: Nil when MLflow may be away and is, which is told.
    private func connectMLflow(
        _ transport: any HTTPTransport
    ) async throws -> (server: MLflowServer, found: ConnectedServer)? {
        do {
            guard case .failsWithin(let time) = withoutMLflow else {
                return try await servers.connectMLflow(transport)
            }
            let connected = try await Interruption.limiting(to: time) { [servers] in
                let connected = try await servers.connectMLflow(transport)
                try await connected.server.requireSearches()
                return connected
            }
            guard let connected else { throw Diagnostic.absentMLflow(after: time) }
            return connected
        } catch let error as WireError where error.isOfAbsence && withoutMLflow.isLimited {
            throw Diagnostic.absentMLflow(error)
        } catch {
            let problem = Diagnostic.from(error, at: nil)
            guard withoutMLflow == .isTold, problem.cause == .unavailable else { throw error }
            Notices.write([.withoutMLflow(problem)], sources, environment: environment)
            return nil
        }
    }

    /// The servers at hand, with what else the kinds share.
    func atHand(_ llamaStack: LlamaStack?, _ mlflow: MLflowServer?, transport: any HTTPTransport) -> Servers {
        var servers = Servers(
            stack: workflow.stack, llamaStack: llamaStack, mlflow: mlflow, folder: folder, transport: transport,
            commit: GitCommit.current(from: folder.rootDirectory))
        servers.tell = { Console.note($0) }
        servers.actor = LockHolder.user
        return servers
    }

    func recordStore(_ mlflow: MLflowServer?) throws -> any RecordStore {
        try recordPlace(mlflow: mlflow != nil).store(workflow.stack, mlflow, gate) { [sources, environment] in
            Notices.write([$0], sources, environment: environment)
        }
    }

    private func recordPlace(mlflow isAtHand: Bool) throws -> RecordPlace {
        guard let record = options.record else { return isAtHand ? .mlflow : .file(standardRecordPath) }
        guard record.hasPrefix("file:"), record.count > 5 else { throw Diagnostic.badRecord(record) }
        return .file(String(record.dropFirst(5)))
    }

    /// Where the record is kept without MLflow.
    var standardRecordPath: String { ".drover/\(workflow.stack).record.json" }
}

extension ServerSettings {
    /// Flags win over the spec, and the lab comes last.
    fileprivate init(_ stack: Stack, _ options: ServerOptions) {
        self.init(
            spec: stack.servers, folder: stack.folder, environment: stack.environment,
            given: Addresses(
                llamaStack: options.llamaStackURL.map { ServerLocation(url: $0, origin: "--llamastack-url") },
                mlflow: options.mlflowURL.map { ServerLocation(url: $0, origin: "--mlflow-url") }),
            lab: Addresses(llamaStack: stack.lab?.llamastackURL, mlflow: stack.lab?.mlflowURL))
    }
}

extension Diagnostic {
    fileprivate static func withoutMLflow(_ problem: Diagnostic) -> Diagnostic {
        Diagnostic(
            "not-published", "Results are not in MLflow", detail: problem.detail,
            fix:
                "The verdict stands without it, and the log of the run has everything. Run the suites again once MLflow "
                + "answers, if their results are wanted there.",
            severity: .warning, cause: .unavailable)
    }

    fileprivate static func badRecord(_ text: String) -> Diagnostic {
        Diagnostic(
            "bad-record", "Unreadable place of the record", detail: "`--record \(text)` names no file.",
            fix: "Write `--record file:PATH`.", cause: .usage)
    }
}
