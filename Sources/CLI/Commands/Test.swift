import ArgumentParser
import Engine
import FoundationEssentials
import Kinds
import Language
import Reports
import Suites

/// What decides how suites run.
struct SuiteOptions: ParsableArguments {
    @Option(name: .customLong("suite"), help: "Only this suite; repeatable.")
    var suites: [String] = []

    @Option(name: .customLong("case"), help: "Only this case, by name or id; repeatable.")
    var cases: [String] = []

    @Option(name: .customLong("label"), help: "Only cases with this label, as KEY=VALUE; repeatable.")
    var labels: [String] = []

    @Option(help: "How many conversations are held at a time, over all suites.")
    var concurrency = 8

    @Option(
        name: .customLong("report"), help: "Also write FORMAT=PATH, such as junit=out.xml or json=out.json; repeatable."
    )
    var reports: [String] = []

    func validate() throws {
        guard (1...1000).contains(concurrency) else {
            throw ValidationError("--concurrency takes a number from 1 to 1000.")
        }
    }

    func filter() throws -> SuiteFilter {
        var filter = SuiteFilter(suites: suites, cases: cases)
        for label in labels {
            let (key, value) = try SuiteFilter.label(label)
            filter.labels[key] = value
        }
        return filter
    }

    func requests() throws -> [ReportRequest] {
        try reports.map { try ReportRequest($0) }
    }
}

/// `drover test`.
struct TestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Try the declared cases on the real agents.",
        discussion: """
            Runs the last applied version of each agent. Exit code 4 when a case fails, 5 when it could not be found out.

            EXAMPLES
              drover test specs/quickstart
              drover test specs/quickstart --case "refund window" --from-spec
              drover test specs/quickstart --report junit=results.xml --report json=results.json
            """)

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var suite: SuiteOptions

    @Flag(help: "Run what the file says now, not the last applied version.")
    var fromSpec = false

    func run() async throws {
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab).announced(tryingSuites: true)
        let trial = try stack.telling { try Trial(stack, suite, fromSpec: fromSpec) }
        let run = try await Session.open(stack, server) { try await trial.run(in: $0) }
        try trial.end(with: run)
    }
}

/// A run of a stack's suites.
struct Trial: Sendable {
    private let stack: Stack
    private let suites: [TestSuite]
    private let requests: [ReportRequest]
    private let concurrency: Int
    private let fromSpec: Bool

    init(_ stack: Stack, _ options: SuiteOptions, fromSpec: Bool = false) throws {
        self.stack = stack
        suites = try options.filter().applied(to: stack.suites)
        requests = try options.requests()
        concurrency = options.concurrency
        self.fromSpec = fromSpec
    }

    /// Runs the suites and writes all reports. When the user interrupts, what is finished is reported.
    func run(in session: Session) async throws -> Run {
        let agents = try await RunnableAgents.find(in: session, stack)
        let started = Date()
        let clock = ContinuousClock()
        let start = clock.now
        let fromSpec = fromSpec
        let runner = SuiteRunner(
            runtime: agents.runtime, today: CalendarDay(secondsSince1970: Int(started.timeIntervalSince1970)),
            concurrency: concurrency
        ) { name in
            try await fromSpec ? agents.lookup.declared(name) : agents.lookup.lastApplied(name)
        }
        let suites = suites
        let results = try await Interruption.stopping { await runner.run(suites) { Self.show($0) } }
        let run = Run(
            stack: stack.workflow.stack.name, version: Version.text,
            startedAt: started.formatted(.iso8601), duration: clock.now - start, suites: results,
            sources: stack.sources)
        Console.stream(TerminalReport(colors: Console.colors(stack.environment)).render(run))
        stack.warnOfFallbacks(in: run)
        try write(run)
        return run
    }

    /// - Throws: the exit code of a verdict that is not good.
    func end(with run: Run) throws {
        if let code = Interruption.exitCode { throw ExitCode(code) }
        switch run.verdict {
        case .passed: return
        case .failed: throw ExitCode(4)
        case .inconclusive: throw ExitCode(5)
        }
    }

    private func write(_ run: Run) throws {
        for request in requests {
            let text = request.report.render(run)
            guard request.path != "-" else {
                Console.stream(text)
                continue
            }
            do {
                try Data(text.utf8).write(to: URL(filePath: request.path), options: .atomic)
            } catch {
                throw Diagnostic(
                    "report-not-written", "A report could not be written",
                    detail: "`\(request.path)` cannot be written.", fix: "Name a file in a folder that exists.",
                    exitCode: 1)
            }
        }
    }

    private static func show(_ event: SuiteEvent) {
        guard case .caseFinished(let result) = event, !Console.isInteractive else { return }
        Console.note("\(result.id): \(result.verdict.rawValue)")
    }
}
