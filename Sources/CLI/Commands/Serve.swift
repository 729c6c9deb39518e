import ArgumentParser
import FoundationEssentials
import Kinds
import Language
import Runtime
import Serving
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
        try await Session.open(source.stack, server, needs: source.needs, concurrency: concurrency) { session in
            let publication = Publication(try await source.agents(in: session))
            try await serve(publication, session, source)
        }
    }

    private func serve(_ publication: Publication, _ session: Session, _ source: ServedSource) async throws {
        guard let llamaStack = session.servers.llamaStack else { throw Diagnostic.nothingToServe }
        var server = InvocationServer(
            publication, version: Version.text, log: AccessLog { Console.out($0) },
            isReady: { await llamaStack.isAnswering(within: .seconds(3)) })
        (server.host, server.port) = (listening.host, listening.port)
        server.limits = limits
        let (ready, listening) = (server, listening)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await source.follow(publication, in: session) }
            try await ready.run(
                onListening: { port in
                    for agent in publication.agents { Console.note(Self.told(agent)) }
                    Console.note("Listening on \(listening.address(port: port)). Ctrl-C stops it.")
                },
                until: Interruption.happens)
            group.cancelAll()
        }
    }

    private var limits: Limits {
        var limits = Limits()
        limits.concurrency = concurrency
        limits.answer = Quantity.duration(timeout) ?? limits.answer
        limits.drain = Quantity.duration(drain) ?? limits.drain
        return limits
    }

    private static func told(_ agent: PublishedAgent) -> String {
        "Serving `\(agent.name)`" + (agent.version.map { ", \($0)" } ?? "")
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
    static var nothingToServe: Diagnostic {
        Diagnostic(
            "nothing-to-serve", "Nothing to serve", detail: "The spec declares no agent.",
            fix: "Declare one under `agents:`, or set `LLAMASTACK_MODEL`.")
    }
}
