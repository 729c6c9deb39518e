import ArgumentParser
import Engine
import FoundationEssentials
import Kinds
import Language
import Reports
import Runtime
import Suites
import Wire

/// A run of a stack's suites.
struct Trial: Sendable {
    private let stack: Stack
    private let suites: [TestSuite]
    private let requests: [ReportRequest]
    private let concurrency: Int
    private let target: TrialTarget
    private let publishes: Bool

    init(_ stack: Stack, _ options: SuiteOptions, target: TrialTarget = .lastApplied) throws {
        self.stack = stack
        suites = try options.filter().applied(to: stack.suites())
        requests = try options.requests()
        concurrency = options.concurrency
        self.target = target
        publishes = !options.noPublish
    }

    /// The servers that it needs: those of the stack, or, for an agent that is served, what its results are published to.
    var needs: Needs {
        var needs = Kinds.standard.needs(of: stack.workflow)
        guard case .served = target else { return needs }
        needs.llamaStack = false
        needs.mlflow = needs.mlflow && publishes
        return needs
    }

    /// Runs the suites and writes all reports. When the user interrupts, what is finished is reported.
    func run(in session: Session) async throws -> Run {
        guard case .served(let place) = target else {
            return try await run(in: session, agents(in: session))
        }
        return try await place.withAgent { agent in
            try await run(in: session, RunnableAgents.served(by: agent, in: session, stack))
        }
    }

    private func run(in session: Session, _ agents: RunnableAgents) async throws -> Run {
        let started = Date()
        return try await publishing(in: session, agents, since: started) { onEvent in
            let clock = ContinuousClock()
            let start = clock.now
            let runner = runner(agents, since: started)
            let suites = suites
            let results = try await Interruption.stopping { await runner.run(suites) { onEvent($0) } }
            let run = Run(
                stack: stack.workflow.stack.name, version: Version.text, startedAt: started.formatted(.iso8601),
                duration: clock.now - start, suites: results, sources: stack.sources)
            Console.stream(TerminalReport(colors: Console.colors(stack.environment)).render(run))
            stack.warnOfFallbacks(in: run)
            try write(run)
            return run
        }
    }

    private func agents(in session: Session) async throws -> RunnableAgents {
        try await RunnableAgents.find(
            Set(suites.map(\.agent)), isApplied: target.isLastApplied, in: session, stack)
    }

    private func runner(_ agents: RunnableAgents, since started: Date) -> SuiteRunner {
        let target = target
        return SuiteRunner(
            runtime: agents.runtime, today: CalendarDay(secondsSince1970: Int(started.timeIntervalSince1970)),
            concurrency: concurrency,
            recorder: publishes ? Self.recorder(of:) : nil
        ) { name in
            try await agents.definition(of: name, target)
        }
    }

    private static func recorder(of agent: AgentDefinition) -> TraceRecorder {
        TraceRecorder(agent, id: .random(), start: Date().nanoseconds)
    }

    /// Publishes what suites show in MLflow, where the stack has something there, while the body runs them.
    private func publishing(
        in session: Session, _ agents: RunnableAgents, since started: Date,
        _ body: (@escaping @Sendable (SuiteEvent) -> Void) async throws -> Run
    ) async throws -> Run {
        guard publishes, let mlflow = session.servers.mlflow else { return try await body { Self.show($0) } }
        let places = suites.compactMap { suite in
            agents.lookup.place(of: suite.agent, experiment: suite.experiment, isApplied: target.isLastApplied)
                .map { (suite.name, $0) }
        }
        let context = EvaluationContext(
            stack: stack.workflow.stack.name, version: Version.text, commit: session.servers.commit,
            id: TraceID.random().hexadecimal, startedAt: started.formatted(.iso8601), sources: stack.sources,
            now: { Date().nanoseconds / 1_000_000 })
        let (run, warnings) = try await EvaluationPublisher.withPublisher(
            to: mlflow, suites, places: Dictionary(places) { first, _ in first }, context
        ) { publisher in
            try await body { event in
                Self.show(event)
                publisher.take(event)
            }
        }
        Notices.write(warnings, stack.sources, environment: stack.environment)
        return run
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
                    cause: .unavailable)
            }
        }
    }

    private static func show(_ event: SuiteEvent) {
        guard case .caseFinished(let result) = event, !Console.isInteractive else { return }
        Console.note("\(result.id): \(result.verdict.rawValue)")
    }
}

extension Date {
    /// Since 1970.
    var nanoseconds: Int {
        Int(timeIntervalSince1970 * 1_000_000) * 1000
    }
}
