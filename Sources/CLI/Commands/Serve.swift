import ArgumentParser
import FoundationEssentials
import Glibc
import Kinds
import Language
import Runtime
import Serving
import Synchronization
import Wire

/// `drover serve`.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve agents over HTTP, as MLflow's agent servers do.",
        discussion: """
            Answers POST /invocations, /responses and /v1/responses, whole or as a stream, until it is stopped: then what \
            is in flight may end. Each request is a line of JSON on standard output. Without a spec, the environment is \
            enough: LLAMASTACK_BASE_URL with LLAMASTACK_MODEL or LLAMASTACK_AGENT_ID.

            EXAMPLES
              drover serve support --spec specs/quickstart
              drover serve --model-version models:/quickstart-support@champion
              LLAMASTACK_MODEL=ollama/llama3.2:1b drover serve
            """)

    @Argument(help: "The declared names of the agents (default: all of the spec).")
    var agents: [String] = []

    @Option(
        name: .customLong("model-version"),
        help: ArgumentHelp(
            "Serve what was logged as this version, without a spec; an alias is followed when it moves; repeatable.",
            valueName: "uri"))
    var modelVersions: [String] = []

    @Option(name: .customLong("spec"), help: "A file or directory of the spec; repeatable (default: this directory).")
    var paths: [String] = []

    @OptionGroup var variation: VariationOptions
    @OptionGroup var server: ServerOptions

    @Flag(help: "Serve what the file says now, not the last applied version.")
    var fromSpec = false

    @OptionGroup var listening: ListeningOptions

    @Flag(help: "Write no traces of requests into MLflow.")
    var noTrace = false

    @Option(help: "How many requests are answered at a time; as many more wait for a moment.")
    var concurrency = 64

    @Option(help: "How long an answer may take, such as 60s.")
    var timeout = "300s"

    @Option(help: "How long requests may still take when the server is stopped, such as 30s.")
    var drain = "30s"

    func validate() throws {
        if !modelVersions.isEmpty, fromSpec || !paths.isEmpty || !agents.isEmpty {
            throw ValidationError("`--model-version` needs no agent and no spec.")
        }
        guard (1...10_000).contains(concurrency) else {
            throw ValidationError("--concurrency takes a number from 1 to 10000.")
        }
        for (name, text) in [("timeout", timeout), ("drain", drain)] where Quantity.duration(text) == nil {
            throw ValidationError("--\(name) takes a duration, such as 60s or 2m.")
        }
    }

    func run() async throws {
        let source = try ServedSource(self)
        let (tokens, certificate) = (try listening.tokens(), try listening.certificate())
        try await Session.open(source.stack, server, needs: source.needs, concurrency: concurrency) { session in
            guard let llamaStack = session.servers.llamaStack else { throw Diagnostic.nothingToServe }
            let publication = Publication(try await source.agents(in: session))
            var server = InvocationServer(
                publication, version: Version.text, log: AccessLog { Console.out($0) },
                isReady: { await llamaStack.isAnswering(within: .seconds(3)) })
            (server.host, server.port, server.limits) = (listening.host, listening.port, limits)
            (server.tokens, server.certificate) = (tokens, certificate)
            guard !noTrace, let mlflow = session.servers.mlflow, publication.agents.contains(where: { $0.place != nil })
            else { return try await serve(server, session, source) }
            let traced = server
            let (_, tally) = try await MLflowTraceWriter.withWriter(to: mlflow, queueLimit: 2048) { writer in
                var server = traced
                server.traces = writer
                try await serve(server, session, source)
            }
            if tally.missing > 0 { source.stack.warn(.tracesMissing(tally)) }
        }
    }

    private func serve(_ server: InvocationServer, _ session: Session, _ source: ServedSource) async throws {
        let (publication, tokens, listening) = (server.publication, server.tokens, listening)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await source.follow(publication, in: session) }
            group.addTask { await Hangup.each { Self.reload(tokens, source.stack) } }
            try await server.run(
                onListening: { port in
                    for agent in publication.agents { Console.note(Self.told(agent)) }
                    Console.note("Listening on \(listening.address(port: port)). Ctrl-C stops it.")
                },
                until: Interruption.happens)
            group.cancelAll()
        }
    }

    private static func reload(_ tokens: BearerTokens?, _ stack: Stack) {
        guard let tokens else { return }
        do {
            try tokens.reload()
            Console.note("The tokens were read again.")
        } catch {
            stack.warn(error)
        }
    }

    private var limits: Limits {
        var limits = Limits()
        limits.concurrency = concurrency
        limits.answer = Quantity.duration(timeout) ?? limits.answer
        if let files = OpenFileLimit.current {
            // Three transports have connections of their own; the rest is for event loops and files.
            let own = 3 * AsyncHTTPTransport.connections(for: concurrency) + 128
            limits.connections = min(10_000, max(64, files - own))
        }
        limits.drain = Quantity.duration(drain) ?? limits.drain
        return limits
    }

    private static func told(_ agent: PublishedAgent) -> String {
        "Serving `\(agent.name)`" + (agent.version.map { ", \($0)" } ?? "")
    }
}

/// The response to SIGHUP, which asks a server to read its files again.
private enum Hangup {
    private static let count = Atomic<Int>(0)

    /// Calls a body after each, until the task is cancelled.
    static func each(_ body: @Sendable () -> Void) async {
        signal(SIGHUP) { _ in Hangup.count.add(1, ordering: .relaxed) }
        var seen = count.load(ordering: .relaxed)
        // A cancelled sleep ends it.
        while (try? await Task.sleep(for: .milliseconds(100))) != nil {
            let now = count.load(ordering: .relaxed)
            if now != seen { body() }
            seen = now
        }
    }
}

extension Interruption {
    /// Returns when the user interrupts, or the task is cancelled.
    static func happens() async {
        // A cancelled sleep ends it.
        while exitCode == nil, (try? await Task.sleep(for: .milliseconds(50))) != nil {}
    }
}

extension Diagnostic {
    fileprivate static func tracesMissing(_ tally: TraceTally) -> Diagnostic {
        Diagnostic(
            "traces-not-written", "Traces of requests are not in MLflow",
            detail: "\(tally.written) traces of requests are in MLflow, \(tally.missing) are not. "
                + (tally.reason?.diagnostic().detail ?? "They came faster than MLflow takes them."),
            severity: .warning, cause: .unavailable)
    }

    static var nothingToServe: Diagnostic {
        Diagnostic(
            "nothing-to-serve", "Nothing to serve", detail: "The spec declares no agent.",
            fix: "Declare one under `agents:`, or set `LLAMASTACK_MODEL`.")
    }
}
