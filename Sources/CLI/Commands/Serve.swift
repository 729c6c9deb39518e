import ArgumentParser
import FoundationEssentials
import Language
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

    @Option(
        help: ArgumentHelp(
            "Serve only what has passed this suite in its present state; looked at again every minute.",
            valueName: "suite"))
    var requireEvidence: String?

    @Flag(help: "Write no traces of requests into MLflow.")
    var noTrace = false

    @Flag(help: "Make requests parts of their callers' traces (`traceparent`), which must be in the same experiment.")
    var joinTraces = false

    @Option(
        help: "Keep traces in this folder while MLflow does not take them; sent when it does, or at the next start.")
    var traceSpool: String?

    @Option(help: "How large that folder may get, such as 512MB; what does not fit is dropped.")
    var traceSpoolLimit = "1GB"

    @Option(help: "How many requests are answered at a time; as many more wait for a moment.")
    var concurrency = 64

    @Option(help: "How long an answer may take, such as 60s.")
    var timeout = "300s"

    @Option(help: "How long requests may still take when the server is stopped, such as 30s.")
    var drain = "30s"

    @Option(
        help: "How long a stopped server still takes connections where `/ready` is asked, which answers 503 then.")
    var shutdownDelay = "5s"

    func validate() throws {
        if !modelVersions.isEmpty, fromSpec || !paths.isEmpty || !agents.isEmpty {
            throw ValidationError("`--model-version` needs no agent and no spec.")
        }
        if requireEvidence != nil, fromSpec {
            throw ValidationError("`--require-evidence` is about what is applied, and excludes `--from-spec`.")
        }
        if noTrace, traceSpool != nil || joinTraces {
            throw ValidationError("`--no-trace` excludes `--trace-spool` and `--join-traces`.")
        }
        guard let spoolLimit = Quantity.bytes(traceSpoolLimit), spoolLimit > 0 else {
            throw ValidationError("--trace-spool-limit takes a size, such as 512MB or 2GB.")
        }
        guard (1...10_000).contains(concurrency) else {
            throw ValidationError("--concurrency takes a number from 1 to 10000.")
        }
        let durations = [("timeout", timeout), ("drain", drain), ("shutdown-delay", shutdownDelay)]
        for (name, text) in durations where Quantity.duration(text) == nil {
            throw ValidationError("--\(name) takes a duration, such as 60s or 2m.")
        }
        guard Quantity.duration(timeout) != .zero else {
            throw ValidationError("--timeout takes more than no time, such as 60s.")
        }
    }

    func run() async throws {
        try await Console.noting { try await serve() }
    }

    private func serve() async throws {
        let source = try ServedSource(self)
        let lines = LineOutput()
        var server = InvocationServer(Publication(), version: Version.text, log: AccessLog { lines.write($0) })
        (server.host, server.port, server.limits) = (listening.host, listening.port, limits)
        (server.tokens, server.certificate) = (try listening.tokens(), try listening.certificate())
        server.names = listening.names
        let run = ServeRun(
            source, self.server, server, isTraced: !noTrace, joinsTraces: joinTraces,
            spool: try spool(source.stack),
            address: listening.address(port:))
        try await lines.flushing { try await run.run() }
    }

    private func spool(_ stack: Stack) throws(Diagnostic) -> TraceSpool? {
        guard let traceSpool, let limit = Quantity.bytes(traceSpoolLimit) else { return nil }
        return try TraceSpool(in: traceSpool, limit: limit) { stack.warn($0) }
    }

    private var limits: Limits {
        var limits = Limits()
        limits.admit(concurrency)
        limits.answer = Quantity.duration(timeout) ?? limits.answer
        if let files = OpenFileLimit.current {
            // Three transports have connections of their own; the rest is for event loops and files.
            let own = 3 * AsyncHTTPTransport.connections(for: concurrency) + 128
            limits.connections = min(10_000, max(64, files - own))
        }
        if let memory = MemoryLimit.current { limits.fit(memory) }
        limits.drain = Quantity.duration(drain) ?? limits.drain
        limits.notice = Quantity.duration(shutdownDelay) ?? limits.notice
        return limits
    }
}

extension Diagnostic {
    static var nothingToServe: Diagnostic {
        Diagnostic(
            "nothing-to-serve", "Nothing to serve", detail: "The spec declares no agent.",
            fix: "Declare one under `agents:`, or set `LLAMASTACK_MODEL`.")
    }
}
