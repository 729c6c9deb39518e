import Kinds
import Language
import Serving
import Wire

/// Serves agents until it is stopped: it listens at once, and lets agents answer as soon as the servers behind have told what
/// is needed for that.
struct ServeRun: Sendable {
    let source: ServedSource
    let servers: ServerOptions
    let server: InvocationServer
    let isTraced: Bool
    /// Whether requests become parts of their callers' traces.
    let joinsTraces: Bool
    /// Takes traces that MLflow does not take; nil for none.
    let spool: TraceSpool?
    /// Whether what is served still counts as tested.
    private let proof = StandingProof()
    /// For people, of a port.
    let address: @Sendable (Int) -> String

    init(
        _ source: ServedSource, _ servers: ServerOptions, _ server: InvocationServer, isTraced: Bool,
        joinsTraces: Bool, spool: TraceSpool?, address: @escaping @Sendable (Int) -> String
    ) {
        (self.source, self.servers, self.server) = (source, servers, server)
        (self.isTraced, self.joinsTraces, self.spool, self.address) = (isTraced, joinsTraces, spool, address)
    }

    private enum Part {
        case server, backing
    }

    /// - Throws: What keeps it from listening, or the agents from answering.
    func run() async throws {
        ProgramPages.giveBack()
        let end = ServingEnd()
        let files = ReloadedFiles(tokens: server.tokens, certificate: server.certificate, stack: source.stack)
        try await withThrowingTaskGroup(of: Part?.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                defer { end.come() }
                try await server.run(
                    onListening: { port in
                        ProgramPages.giveBack()
                        Console.note("Listening on \(address(port)). Ctrl-C stops it.")
                    },
                    until: Interruption.happens)
                return .server
            }
            group.addTask {
                try await back(until: end)
                return .backing
            }
            group.addTask {
                await files.follow()
                return nil
            }
            // What stands behind ends after the server, since requests still need it.
            while let part = try await group.next() {
                if part == .backing || part == .server && !publication.isOpen { return }
            }
        }
    }

    private var publication: Publication { server.publication }

    /// Connects to the servers behind, as often as it takes, and lets the agents answer.
    private func back(until end: ServingEnd) async throws {
        var isTold = false
        while true {
            do {
                return try await connect(until: end)
            } catch let failure as CommandFailure where failure.isOfServersAway && !publication.isOpen {
                if !isTold { source.stack.warn(.waits(failure.diagnostics[0])) }
                isTold = true
                try await Task.sleep(for: .seconds(1))
            } catch is CancellationError where Interruption.exitCode != nil {
                return await end.wait()  // Stopped before it could answer anything: what asks meanwhile is told so.
            }
        }
    }

    /// Connects to the servers behind, and lets the agents answer: without MLflow where only traces need it, and it does not
    /// answer.
    private func connect(until end: ServingEnd) async throws {
        guard source.canAwaitMLflow else { return try await open(source.needs, .fails, until: end) }
        guard isTraced else { return try await open(Needs(llamaStack: true), .fails, until: end) }
        // What a record says that MLflow may hold is about what was applied, and delays nothing here.
        let needs = source.needs ?? Kinds.standard.needs(of: source.stack.workflow)
        do {
            try await open(needs, .failsWithin(.seconds(3)), until: end)
        } catch let failure as CommandFailure where failure.isOfMLflowAbsent && !publication.isOpen {
            let warning = Diagnostic.awaitsMLflow(failure.diagnostics[0])
            try await open(Needs(llamaStack: true), .isAwaited, telling: warning, until: end)
        }
    }

    /// - Parameter warning: Is told once the agents answer.
    private func open(
        _ needs: Needs?, _ withoutMLflow: MLflowAbsence, telling warning: Diagnostic? = nil, until end: ServingEnd
    ) async throws {
        let concurrency = server.limits.concurrency
        try await Session.open(
            source.stack, servers, needs: needs, concurrency: concurrency, withoutMLflow: withoutMLflow
        ) { session in
            try await open(in: session, telling: warning, until: end)
        }
    }

    private func open(
        in session: Session, telling warning: Diagnostic?, until end: ServingEnd
    ) async throws {
        guard let llamaStack = session.servers.llamaStack else { throw Diagnostic.nothingToServe }
        let agents = try await source.agents(in: session)
        let isAnswering: @Sendable () async -> Bool = { [proof] in
            guard proof.holds else { return false }
            return await llamaStack.isAnswering(within: .seconds(3))
        }
        let mlflow = session.servers.mlflow ?? session.awaitedMLflow
        guard isTraced, let mlflow, agents.contains(where: { $0.place != nil }) else {
            return try await open(agents, Backing(isAnswering: isAnswering), in: session, until: end)
        }
        // Where the traces wait for it, it is asked before the first.
        let isAwaited = agents.contains { $0.place?.awaited != nil }
        if isAwaited { source.stack.warn(warning ?? .awaitsExperiment) }
        let route = isAwaited ? nil : try await mlflow.traceRoute()
        let (_, tally) = try await MLflowTraceWriter.withWriter(
            to: mlflow, route: route, spool: spool, queueLimit: 2048
        ) { writer in
            let backing = Backing(traces: writer, joinsTraces: joinsTraces, isAnswering: isAnswering)
            try await open(agents, backing, in: session, until: end)
        }
        if tally.spooled > 0, let spool {
            Console.note(
                "\(tally.spooled.counting("trace")) \(tally.spooled == 1 ? "waits" : "wait") in \(spool.directory) until the next start."
            )
        }
        if tally.missing > 0 { source.stack.warn(.tracesMissing(tally)) }
    }

    private func open(
        _ agents: [PublishedAgent], _ backing: Backing, in session: Session, until end: ServingEnd
    ) async throws {
        publication.open(agents, backing: backing)
        ProgramPages.giveBack()
        for agent in agents {
            Console.note("Serving `\(agent.name)`" + (agent.version.map { ", \($0)" } ?? ""))
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await source.follow(publication, in: session) { proof.renew() } }
            group.addTask { await proof.watch(publication, of: source, in: session) }
            await end.wait()
            group.cancelAll()
        }
    }
}

/// The end of a server, for which can be waited.
private final class ServingEnd: Sendable {
    private let end = AsyncStream.makeStream(of: Void.self)

    func come() {
        end.continuation.finish()
    }

    /// Returns when it has come, or the task is cancelled.
    func wait() async {
        for await _ in end.stream {}
    }
}

extension CommandFailure {
    /// Whether a server behind does not answer, so that waiting may help.
    fileprivate var isOfServersAway: Bool {
        let codes: Set<Diagnostic.Code> = ["server-unreachable", "server-timeout", "connection-broken"]
        return diagnostics.contains { codes.contains($0.code) }
    }

    /// Whether MLflow does not answer, and was not waited for.
    fileprivate var isOfMLflowAbsent: Bool {
        diagnostics.contains { $0.code == Diagnostic.absentMLflow }
    }
}

extension Diagnostic {
    fileprivate static func waits(_ problem: Diagnostic) -> Diagnostic {
        Diagnostic(
            "waits-for-server", "No agent answers yet",
            detail: "\(problem.detail) Requests are answered with 503 until it does.", fix: problem.fix,
            severity: .warning, cause: .unavailable)
    }

    fileprivate static func awaitsMLflow(_ problem: Diagnostic) -> Diagnostic {
        Diagnostic(
            "awaits-mlflow", "Traces wait for MLflow",
            detail: "\(problem.detail) Requests are answered, and their traces are kept as far as there is room.",
            fix: problem.fix, severity: .warning, cause: .unavailable)
    }

    fileprivate static var awaitsExperiment: Diagnostic {
        awaitsMLflow(
            Diagnostic(
                "awaits-mlflow", "Traces wait for MLflow",
                detail: "MLflow answers, but could not tell the experiment for the traces.",
                fix: "Look at MLflow and its log."))
    }

    fileprivate static func tracesMissing(_ tally: TraceTally) -> Diagnostic {
        Diagnostic(
            "traces-not-written", "Traces of requests are not in MLflow",
            detail:
                "\(tally.written.counting("trace")) of requests \(tally.written == 1 ? "is" : "are") in MLflow, \(tally.missing) \(tally.missing == 1 ? "is" : "are") not. "
                + (tally.reason?.diagnostic().detail
                    ?? "They came faster than MLflow took them, and there was no more room for them."),
            severity: .warning, cause: .unavailable)
    }
}
