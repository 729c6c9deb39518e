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
    let stack: Stack
    var suites: [TestSuite]
    /// The same with the cases of all shards.
    let whole: [TestSuite]
    private let baselines: BaselineChoice
    /// What tells the cases from which a shard is dealt.
    private let versions: [String: String]
    let shard: Shard?
    private let job: String?
    /// The run that this one goes on with.
    let earlier: RecordedRun?
    private let logPath: String?
    private let requests: [ReportRequest]
    private let concurrency: Int
    private let allowsPrograms: Bool
    private let failsFast: Bool
    private let target: TestTarget
    let publishes: Bool
    /// Whether no case of the suites is left out.
    private let isWhole: Bool
    /// Whether it decides about a release within an apply.
    private let isGate: Bool
    /// Whether results are evidence where they have a key.
    let isEvidence: Bool
    /// What results are kept under as evidence, by suite; nil while that has to be found out. A run that goes on with another
    /// one is compared with it by that, also where it is no evidence itself.
    var evidence: [String: StandingEvidence]?

    init(
        _ stack: Stack, _ options: SuiteOptions, target: TestTarget = .lastApplied, allowsPrograms: Bool
    ) throws {
        self.stack = stack
        let declared = try stack.suites()
        baselines = BaselineChoice(asked: options.baseline, whole: declared)
        var filter = try options.filter()
        if let run = options.failedFrom {
            filter.only = try RecordedRun.read(RunLogs.open(run)).unpassedOfAll()
            guard filter.only?.isEmpty == false else { throw Diagnostic.nothingFailed(run) }
        }
        let selected = try filter.applied(to: declared)
        whole = selected
        versions = selected.versions
        shard = try options.shard(stack.environment)
        job = options.job
        suites = try shard?.dealt(from: selected) ?? selected
        earlier = try options.resume.map { try RecordedRun.read(RunLogs.open($0)) }
        logPath = options.log
        if let logPath { try RunLogs.check(logPath) }
        requests = try options.reporting.requests()
        let programs = declared.flatMap(\.programs).map { stack.folder.location(of: $0.program) }
        try requests.prepare(sparing: stack.filesRead + programs + options.logPaths + baselines.logPaths)
        concurrency = options.concurrency
        self.allowsPrograms = allowsPrograms
        try Self.check(suites.flatMap(\.programs), stack, areAllowed: allowsPrograms)
        failsFast = options.failFast
        self.target = target
        publishes = !options.noPublish
        let selectsAll = options.cases.isEmpty && options.labels.isEmpty && options.failedFrom == nil
        isWhole = selectsAll && shard == nil
        isGate = false
        // A run that ends with its first failure, or goes on with another one, would leave evidence only of those that pass.
        isEvidence = earlier == nil || shard != nil
        // Nor is it one of a suite that must be no worse than something else than it says.
        let isAsDeclared = options.baseline == nil || suites.allSatisfy { $0.thresholds.noWorseThan == nil }
        let mayBeEvidence = publishes && selectsAll && target.isLastApplied && !failsFast && isAsDeclared
        evidence = mayBeEvidence ? nil : [:]
    }

    /// Whole suites that gate a release, of the versions that were applied last.
    /// - Throws: `Diagnostic` when one asks a program, and programs are not allowed.
    init(
        gating suites: [TestSuite], _ stack: Stack, evidence: [String: StandingEvidence], allowsPrograms: Bool
    ) throws {
        self.stack = stack
        self.suites = suites
        whole = suites
        baselines = BaselineChoice(asked: nil, whole: suites)
        isEvidence = true
        self.evidence = evidence
        versions = suites.versions
        shard = nil
        job = nil
        earlier = nil
        logPath = nil
        requests = []
        concurrency = 8
        failsFast = false
        self.allowsPrograms = allowsPrograms
        try Self.check(suites.flatMap(\.programs), stack, areAllowed: allowsPrograms)
        target = .lastApplied
        publishes = true
        isWhole = true
        isGate = true
    }

    /// - Throws: What forbids to run the programs, or keeps them from it.
    static func check(_ programs: [ProgramQuestion], _ stack: Stack, areAllowed: Bool) throws {
        guard areAllowed else {
            if let program = programs.first { throw Diagnostic.execNotAllowed(program.program) }
            return
        }
        let problems = programs.compactMap { question in
            DeclaredProgram(question.program, for: .judgement)
                .problem(in: stack.folder, searchPath: stack.environment["PATH"] ?? "")
        }
        guard problems.isEmpty else { throw Diagnostics(problems) }
    }

    /// Whether no suite is asked only for what is missing beside earlier samples.
    private var asksAll: Bool { !suites.contains(where: \.isRemainder) }

    /// Whether MLflow is only where results go.
    var onlyPublishesToMLflow: Bool {
        guard case .served = target else { return false }
        return baselines.asked == nil && suites.allSatisfy { $0.thresholds.noWorseThan == nil }
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
        let keyed = await keyed(in: session)
        guard case .served(let place) = target else {
            let run = try await keyed.run(in: session, agents(in: session))
            await keyed.note(run, in: session)
            return run
        }
        return try await place.withAgent(concurrency: concurrency) { agent in
            try await keyed.run(in: session, RunnableAgents.served(by: agent, in: session, stack))
        }
    }

    /// Notes the verdicts at the apply that they are about, where the whole suites ran to their end. Those of gates are noted
    /// at the apply that waits for them.
    private func note(_ run: Run, in session: Session) async {
        guard publishes, target.isLastApplied, isWhole, !isGate, Interruption.exitCode == nil else { return }
        do {
            try await session.store.note(run.suites.map { line(of: $0, in: run) })
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
        let steady = await compared.steady(isGate: isGate, after: earlier, in: session)
        return try await compared.tried(in: session, agents, steady)
    }

    private func tried(
        in session: Session, _ agents: RunnableAgents, _ steady: SteadyEvidence
    ) async throws -> Run {
        let started = Date()
        let mlflow = publishes ? session.servers.mlflow?.endpoint.base : nil
        let definitions = await definitions(of: agents)
        let run = record(definitions, at: started, mlflow, places(of: agents))
        let earlier = try earlier.map { try EarlierRun($0, for: run, suites, in: stack.sources) }
        let (log, warning) = try RunLogs.create(run.id ?? "", of: run.stack, at: logPath)
        if let warning { stack.warn(warning) }
        let recorder = try RunRecorder(run, suites, in: stack.sources, to: log)
        return try await publishing(in: session, agents, recorder, steady) { publisher in
            let clock = ContinuousClock()
            let start = clock.now
            let runner = runner(agents, definitions, in: session, since: started)
            let suites = shard == nil ? suites : suites.map(\.asShard)
            let result: Result<Void, any Error>
            do {
                try await TestProgress.draw { show in
                    try await Interruption.cancelling {
                        try await withTaskExecutorPreference(LoopExecutor.any) {
                            try await runner.run(suites, recording: recorder, after: earlier) { event in
                                show(event)
                                publisher?.take(event, isOpen: steady.holds(event, unless: hasFailed))
                            }
                        }
                    }
                }
                result = .success(())
            } catch {
                result = .failure(error)
            }
            let duration = (earlier?.duration ?? .zero) + (clock.now - start)
            await settle(steady, in: session)
            for result in steady.released { publisher?.settle(result) }
            let recorded = try recorder.ended(after: duration, changed: steady.changed, result)
            let shown = Result { try recorded.show(stack.environment) }
            stack.warnOfFallbacks(in: recorded.run)
            if warning == nil { tell(run, at: log.path, recorded) }
            RunLogs.keep(RunTotals(recorded, isWhole: isWhole && asksAll && Interruption.exitCode == nil))
            try deliver(recorded, after: [result, shown])
            var tried = recorded.run
            tried.changed = steady.changed
            return tried
        }
    }

    /// Writes the reports, also when the run broke off or could not be shown.
    /// - Throws: `Diagnostics` with all that could not be written or kept; other errors of the run.
    private func deliver(_ recorded: RecordedRun, after results: [Result<Void, any Error>]) throws {
        var problems: [Diagnostic] = []
        do {
            try requests.write(RunLogs.withEarlier(recorded))
        } catch let unwritten as Diagnostics {
            problems = unwritten.all
        }
        for result in results.reversed() {
            do {
                try result.get()
            } catch let broken as Diagnostic {
                problems.insert(broken, at: 0)
            }
        }
        guard problems.isEmpty else { throw Diagnostics(problems) }
    }

    /// Where the log is, and how to go on.
    private func tell(_ run: RunRecord, at path: String, _ recorded: RecordedRun) {
        let name = logPath ?? run.id ?? path
        // A gate is tried again by the next apply.
        let isUnfinished = !isGate && (Interruption.exitCode != nil || !recorded.hasEnded)
        if let shard { Console.note("This was the shard \(shard): `drover report merge` of all judges thresholds.") }
        Console.note(
            "Run \(run.id ?? "") is kept in \(path)." + (isUnfinished ? " `--resume \(name)` goes on with it." : ""))
    }

    private func record(
        _ definitions: [String: Result<AgentDefinition, any Error>], at started: Date, _ mlflow: String?,
        _ places: [String: MLflowPlace]
    ) -> RunRecord {
        let stack = stack.workflow.stack.name
        var versions = versions
        for case (let name, .success(let definition)) in definitions {
            // What cannot be written as JSON has no digest, and is not compared.
            versions[Kinds.address(ofAgent: name).description] = (try? definition.canonicalJSON).map {
                sha256Hex(Array($0.utf8))
            }
        }
        return RunRecord(
            id: RunLogs.id(of: stack, at: started), stack: stack, version: Version.text,
            startedAt: started.formatted(.iso8601), target: target.address, mlflow: mlflow,
            evaluations: mlflow.map { _ in evaluations(at: places) }, sources: self.stack.sources,
            versions: versions, shard: shard, resuming: earlier)
    }

    /// The agents that will be asked, by name, or why there is none.
    private func definitions(of agents: RunnableAgents) async -> [String: Result<AgentDefinition, any Error>] {
        var definitions: [String: Result<AgentDefinition, any Error>] = [:]
        for name in Set(suites.map(\.agent)).sorted() {
            do {
                definitions[name] = .success(try await agents.definition(of: name, target))
            } catch {
                definitions[name] = .failure(error)
            }
        }
        return definitions
    }

    private func agents(in session: Session) async throws -> RunnableAgents {
        try await RunnableAgents.find(
            Set(suites.map(\.agent)), isApplied: target.isLastApplied, waits: true, in: session, stack)
    }

    private func runner(
        _ agents: RunnableAgents, _ definitions: [String: Result<AgentDefinition, any Error>], in session: Session,
        since started: Date
    ) -> SuiteRunner {
        SuiteRunner(
            runtime: agents.runtime, today: CalendarDay(secondsSince1970: Int(started.timeIntervalSince1970)),
            concurrency: concurrency, failsFast: failsFast,
            recorder: publishes ? Self.trace(of:) : nil,
            advisers: .at(session, stack, allowsPrograms: allowsPrograms),
            effects: Kinds.effects(in: stack.workflow)
        ) { name in
            guard let definition = definitions[name] else { throw CancellationError() }
            return try definition.get()
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
        in session: Session, _ agents: RunnableAgents, _ recorder: RunRecorder, _ steady: SteadyEvidence,
        _ body: (EvaluationPublisher?) async throws -> Run
    ) async throws -> Run {
        guard publishes, let mlflow = session.servers.mlflow else { return try await body(nil) }
        var context = EvaluationContext(
            stack: stack.workflow.stack.name, version: Version.text, commit: session.servers.commit,
            target: target.address, shard: shard?.description, id: TraceID.random().hexadecimal, sources: stack.sources,
            log: recorder.path, recorded: { try recorder.recorded(suite: $0) },
            now: { Date().nanoseconds / 1_000_000 })
        context.evidence = isEvidence ? evidence ?? [:] : [:]
        context.hasChanged = { steady.changed.contains($0) }
        context.resumed = earlier?.record.lineageIDs ?? []
        context.isPart = !isWhole && shard == nil
        context.job = job
        context.folder = stack.folder
        context.run = recorder.runID
        let (run, warnings) = try await EvaluationPublisher.withPublisher(
            to: mlflow, suites, places: places(of: agents), context,
            spool: Spool(in: Self.unsent, name: context.id)
        ) { publisher in
            try await body(publisher)
        }
        Notices.write(warnings, stack.sources, environment: stack.environment)
        return run
    }

    /// Where results are kept that MLflow could not take.
    static let unsent = ".drover/unsent"

    /// Sends what earlier runs kept; whoever reads evidence comes after it.
    /// - Parameter session: Where it is looked whether what killed runs tested is still the same; nil where nobody looks.
    static func sendEarlier(to mlflow: MLflowServer, _ stack: Stack, in session: Session?) async {
        let sender = SpoolSender(to: mlflow, presentKeys: { await session?.presentKeys(of: $0, inStack: $1) })
        let (sent, warnings) = await sender.sendAll(in: unsent)
        if sent > 0 { Console.note("Sent the results of \(sent) earlier \(sent == 1 ? "run" : "runs") to MLflow.") }
        Notices.write(warnings, stack.sources, environment: stack.environment)
    }

    /// - Throws: the exit code of a verdict that is not good.
    func end(with run: Run) throws {
        if let code = Interruption.exitCode { throw ExitCode(code) }
        try ExitStatus.end(with: run)
    }
}

extension RunRecorder {
    /// The run as it was recorded: to its end, or as far as it came.
    fileprivate func ended(
        after duration: Duration, changed: Set<String>, _ result: Result<Void, any Error>
    ) throws -> RecordedRun {
        switch result {
        case .success: return try end(after: duration, changed: changed)
        case .failure(let problem as Diagnostic) where problem.code == "samples-not-written": return try recorded
        case .failure(let error): throw error
        }
    }
}

extension Diagnostic {
    fileprivate static func nothingFailed(_ run: String) -> Diagnostic {
        Diagnostic(
            "nothing-failed", "Nothing failed there",
            detail: "In the run `\(run)` every case passed, so there is none to run.",
            fix: "Run the cases that are meant, or all.", cause: .usage)
    }
}

extension Diagnostic {
    fileprivate static func execNotAllowed(_ program: Located<String>) -> Diagnostic {
        Diagnostic(
            "exec-not-allowed", "Programs are not run unasked",
            detail: "This expectation runs the program `\(program.value)` on this machine.",
            fix: "Read what it does, and allow it with `--allow-exec`.", at: program.range, cause: .usage)
    }
}

extension Date {
    /// Since 1970.
    var nanoseconds: Int {
        Int(timeIntervalSince1970 * 1_000_000) * 1000
    }
}
