import ArgumentParser
import Engine
import FoundationEssentials
import Glibc
import Kinds
import Language
import Reports
import Runtime
import Suites
import Wire

/// A run of a stack's suites.
struct TestRun: Sendable {
    private let stack: Stack
    private var suites: [TestSuite]
    private let baselines: BaselineChoice
    private let requests: [ReportRequest]
    private let concurrency: Int
    private let allowsPrograms: Bool
    private let failsFast: Bool
    private let target: TestTarget
    private let publishes: Bool
    /// Whether no case of the suites is left out.
    private let isWhole: Bool
    /// The keys that results are kept under as evidence, by suite.
    private var keys: [String: String] = [:]

    init(_ stack: Stack, _ options: SuiteOptions, target: TestTarget = .lastApplied) throws {
        self.stack = stack
        let declared = try stack.suites()
        suites = try options.filter().applied(to: declared)
        baselines = BaselineChoice(asked: options.baseline, whole: declared)
        requests = try options.requests()
        for request in requests where request.path != "-" { try ReportFile(request.path).check() }
        if requests.contains(where: { $0.path == "-" }) { Console.keepOutputForReports() }
        concurrency = options.concurrency
        allowsPrograms = options.allowExec
        if !allowsPrograms, let program = suites.lazy.flatMap(\.programs).first {
            throw Diagnostic.execNotAllowed(program)
        }
        failsFast = options.failFast
        self.target = target
        publishes = !options.noPublish
        isWhole = options.cases.isEmpty && options.labels.isEmpty
    }

    /// Whole suites that gate a release, of the versions that were applied last.
    /// - Throws: `Diagnostic` when one asks a program, and programs are not allowed.
    init(gating suites: [TestSuite], _ stack: Stack, keys: [String: String], allowsPrograms: Bool) throws {
        self.stack = stack
        self.suites = suites
        baselines = BaselineChoice(asked: nil, whole: suites)
        self.keys = keys
        requests = []
        concurrency = 8
        failsFast = false
        self.allowsPrograms = allowsPrograms
        if !allowsPrograms, let program = suites.lazy.flatMap(\.programs).first {
            throw Diagnostic.execNotAllowed(program)
        }
        target = .lastApplied
        publishes = true
        isWhole = true
    }

    /// The servers that it needs: those of the stack, or, for a served agent, the one that results are published to.
    var needs: Needs {
        var needs = Kinds.standard.needs(of: stack.workflow)
        guard case .served = target else { return needs }
        needs.llamaStack = suites.contains(where: \.asksModels)
        needs.mlflow = needs.mlflow && publishes
        return needs
    }

    /// Runs the suites and writes all reports. When the user interrupts, the finished samples are reported.
    func run(in session: Session) async throws -> Run {
        guard case .served(let place) = target else {
            let run = try await run(in: session, agents(in: session))
            await note(run, in: session)
            return run
        }
        return try await place.withAgent(concurrency: concurrency) { agent in
            try await run(in: session, RunnableAgents.served(by: agent, in: session, stack))
        }
    }

    /// Notes the verdicts at the apply that they are about, where the whole suites ran to their end.
    private func note(_ run: Run, in session: Session) async {
        guard publishes, target.isLastApplied, isWhole, Interruption.exitCode == nil else { return }
        do {
            try await session.store.note(run.verdicts)
        } catch {
            var warning = Diagnostic.from(error, at: nil)
            warning.severity = .warning
            warning.detail += " The verdicts are not in the history."
            Notices.write([warning], stack.sources, environment: stack.environment)
        }
    }

    private func run(in session: Session, _ agents: RunnableAgents) async throws -> Run {
        var compared = self
        compared.suites = try await baselines.applied(
            to: suites, places: places(of: agents), session.servers.mlflow)
        return try await compared.tried(in: session, agents)
    }

    private func tried(in session: Session, _ agents: RunnableAgents) async throws -> Run {
        let started = Date()
        let mlflow = publishes ? session.servers.mlflow?.endpoint.base : nil
        let recorder = try recorder(since: started, mlflow: mlflow, places(of: agents))
        return try await publishing(in: session, agents, recorder) { onEvent in
            let clock = ContinuousClock()
            let start = clock.now
            let runner = runner(agents, in: session, since: started)
            let suites = suites
            try await TestProgress.draw { show in
                try await Interruption.cancelling {
                    try await runner.run(suites, recording: recorder) { event in
                        show(event)
                        onEvent(event)
                    }
                }
            }
            let recorded = try recorder.end(after: clock.now - start)
            try ReportOutput.collect({ Console.write($0, to: Console.output) }) { output in
                try TerminalReport(colors: Console.colors(stack.environment)).write(recorded, to: &output)
            }
            stack.warnOfFallbacks(in: recorded.run)
            try write(recorded)
            return recorded.run
        }
    }

    /// The log that keeps the samples until the reports are written: a temporary file.
    private func recorder(
        since started: Date, mlflow: String?, _ places: [String: MLflowPlace]
    ) throws -> RunRecorder {
        let run = RunRecord(
            stack: stack.workflow.stack.name, version: Version.text, startedAt: started.formatted(.iso8601),
            target: target.address, mlflow: mlflow, experiments: mlflow.map { _ in places.mapValues(\.experimentID) },
            sources: stack.sources)
        let directory = FileManager.default.temporaryDirectory.path
        return try RunRecorder(run, suites, in: stack.sources, to: SampleLog.temporary(in: directory))
    }

    private func agents(in session: Session) async throws -> RunnableAgents {
        try await RunnableAgents.find(
            Set(suites.map(\.agent)), isApplied: target.isLastApplied, in: session, stack)
    }

    private func runner(_ agents: RunnableAgents, in session: Session, since started: Date) -> SuiteRunner {
        let target = target
        return SuiteRunner(
            runtime: agents.runtime, today: CalendarDay(secondsSince1970: Int(started.timeIntervalSince1970)),
            concurrency: concurrency, failsFast: failsFast,
            recorder: publishes ? Self.trace(of:) : nil,
            advisers: .at(session, stack, allowsPrograms: allowsPrograms)
        ) { name in
            try await agents.definition(of: name, target)
        }
    }

    private static func trace(of agent: AgentDefinition) -> TraceRecorder {
        TraceRecorder(agent, id: .random(), start: Date().nanoseconds)
    }

    /// Where the results of the suites are in MLflow, by their names.
    private func places(of agents: RunnableAgents) -> [String: MLflowPlace] {
        agents.lookup.places(of: suites, isApplied: target.isLastApplied)
    }

    /// Publishes what suites show in MLflow, where the stack has something there, while the body runs them.
    private func publishing(
        in session: Session, _ agents: RunnableAgents, _ recorder: RunRecorder,
        _ body: (@escaping @Sendable (SuiteEvent) -> Void) async throws -> Run
    ) async throws -> Run {
        guard publishes, let mlflow = session.servers.mlflow else { return try await body { _ in } }
        var context = EvaluationContext(
            stack: stack.workflow.stack.name, version: Version.text, commit: session.servers.commit,
            target: target.address, id: TraceID.random().hexadecimal, sources: stack.sources,
            recorded: { try recorder.recorded },
            now: { Date().nanoseconds / 1_000_000 })
        context.evidenceKeys = keys
        await sendEarlier(to: mlflow)
        let (run, warnings) = try await EvaluationPublisher.withPublisher(
            to: mlflow, suites, places: places(of: agents), context,
            spool: Spool(in: Self.unsent, name: context.id)
        ) { publisher in
            try await body { publisher.take($0) }
        }
        Notices.write(warnings, stack.sources, environment: stack.environment)
        return run
    }

    /// Where results are kept that MLflow could not take.
    private static let unsent = ".drover/unsent"

    /// Sends what earlier runs kept.
    private func sendEarlier(to mlflow: MLflowServer) async {
        let (sent, warnings) = await SpoolSender(to: mlflow).sendAll(in: Self.unsent)
        if sent > 0 { Console.note("Sent the results of \(sent) earlier \(sent == 1 ? "run" : "runs") to MLflow.") }
        Notices.write(warnings, stack.sources, environment: stack.environment)
    }

    /// - Throws: the exit code of a verdict that is not good.
    func end(with run: Run) throws {
        if let code = Interruption.exitCode { throw ExitCode(code) }
        switch run.verdict {
        case .passed: return
        case .failed: throw ExitStatus(.failed).code
        case .inconclusive: throw ExitStatus(.inconclusive).code
        }
    }

    private func write(_ recorded: RecordedRun) throws {
        for request in requests {
            guard request.path != "-" else {
                try ReportOutput.collect({ Console.write($0, to: STDOUT_FILENO) }) { output in
                    try request.report.write(recorded, to: &output)
                }
                continue
            }
            try ReportFile(request.path).write { try request.report.write(recorded, to: &$0) }
        }
    }
}

extension Diagnostic {
    fileprivate static func execNotAllowed(_ program: Located<[String]>) -> Diagnostic {
        Diagnostic(
            "exec-not-allowed", "Programs are not run unasked",
            detail: "This expectation runs the program `\(program.value.first ?? "")` on this machine.",
            fix: "Read what it does, and allow programs that judge.", at: program.range, cause: .usage)
    }
}

extension Date {
    /// Since 1970.
    var nanoseconds: Int {
        Int(timeIntervalSince1970 * 1_000_000) * 1000
    }
}
