import Language
package import Runtime
import Wire

/// Runs suites against a runtime, many cases at a time.
package struct SuiteRunner: Sendable {
    private let runtime: any AgentRuntime
    private let clock: any Clock<Duration>
    private let today: CalendarDay
    private let concurrency: Int
    private let slots: Slots
    private let failsFast: Bool
    private let recorder: (@Sendable (AgentDefinition) -> TraceRecorder)?
    private let advisers: Advisers
    private let effects: ToolEffects
    private let definition: @Sendable (_ agent: String) async throws -> AgentDefinition

    /// - Parameters:
    ///   - runtime: Where the agents run.
    ///   - clock: Measures time-outs.
    ///   - today: Decides which quarantines still hold.
    ///   - concurrency: The maximum number of concurrent conversations, over all suites and with judges.
    ///   - failsFast: Whether nothing more is begun once a case has failed; what runs then is finished.
    ///   - recorder: Creates the recorder of one conversation; nil for no traces.
    ///   - advisers: What can be asked about answers.
    ///   - effects: Which tools change something: then a conversation is never repeated.
    ///   - definition: Finds the agent of a suite by its declared name; asked once for each agent.
    package init(
        runtime: any AgentRuntime,
        clock: any Clock<Duration> = ContinuousClock(),
        today: CalendarDay,
        concurrency: Int = 8,
        failsFast: Bool = false,
        recorder: (@Sendable (AgentDefinition) -> TraceRecorder)? = nil,
        advisers: Advisers = .none,
        effects: ToolEffects = ToolEffects(),
        definition: @escaping @Sendable (_ agent: String) async throws -> AgentDefinition
    ) {
        precondition(concurrency > 0, "Nothing runs with a concurrency of zero.")
        self.runtime = runtime
        self.clock = clock
        self.today = today
        self.concurrency = concurrency
        slots = Slots(concurrency)
        self.failsFast = failsFast
        self.recorder = recorder
        self.advisers = advisers
        self.effects = effects
        self.definition = definition
    }

    /// Takes all samples and evaluates the suites, in order. Each sample is reported as it finishes, and not kept.
    ///
    /// When the task is cancelled, everything unfinished is reported as not run.
    /// - Parameters:
    ///   - earlier: A run whose finished samples are reported first, and not taken again.
    ///   - onChange: Called when a tool that changes something is first called for a sample, and for each sample that the
    ///     earlier run left unfinished after that.
    /// - Throws: What `onEvent` throws; then nothing more is run.
    func run(
        _ suites: [TestSuite], after earlier: EarlierRun? = nil,
        onChange: @escaping @Sendable (CaseID, _ number: Int, _ tool: String) -> Void = { _, _, _ in },
        onEvent: (SuiteEvent) throws -> Void
    ) async throws {
        let agents = await definitions(of: suites)
        let watch = Stopwatch(clock)
        let before = earlier?.duration ?? .zero
        var progress = SuiteProgress(suites, today: today, failsFast: failsFast)
        try earlier?.keep(suites, in: &progress, onChange: onChange, onEvent: onEvent)
        let heartbeat = clock is ContinuousClock ? Heartbeat() : nil
        async let _: Void? = heartbeat?.run()  // Until the end of this scope.
        try await withThrowingTaskGroup(of: (SuiteProgress.Unit, Sample?, Trace?).self) { group in
            var running = 0
            while true {
                while running < concurrency, !Task.isCancelled,
                    let (unit, testCase) = progress.next(elapsed: before + watch.elapsed)
                {
                    let agent = agents[suites[unit.suite].agent]
                    let judges = suites[unit.suite].judges
                    group.addTask {
                        let (sample, trace) = await sample(of: testCase, with: agent, judges: judges, heartbeat) {
                            onChange(unit.id, unit.sample + 1, $0)
                        }
                        return (unit, sample, trace)
                    }
                    running += 1
                }
                try progress.takeEvents().forEach(onEvent)
                guard let (unit, sample, trace) = try await group.next() else { break }
                running -= 1
                progress.finish(unit, with: sample, trace, elapsed: before + watch.elapsed)
                try progress.takeEvents().forEach(onEvent)
            }
        }
        progress.close(elapsed: before + watch.elapsed)
        try progress.takeEvents().forEach(onEvent)
    }

    /// Runs suites and writes their results to a log.
    ///
    /// - Parameters:
    ///   - earlier: A run that this one goes on with: what it finished is written first.
    ///   - onEvent: Called with each event after it was logged.
    package func run(
        _ suites: [TestSuite], recording recorder: RunRecorder, after earlier: EarlierRun? = nil,
        onEvent: (SuiteEvent) -> Void = { _ in }
    ) async throws {
        try await run(suites, after: earlier) { id, number, tool in
            recorder.note(changeBy: tool, in: id, number)
        } onEvent: { event in
            try recorder.take(event)
            onEvent(event)
        }
    }

    /// - Returns: nil when the task was cancelled before the sample was complete.
    private func sample(
        of testCase: TestCase, with agent: Result<AgentDefinition, Diagnostic>?, judges: [String: Judge],
        _ heartbeat: Heartbeat?, onChange: @escaping @Sendable (String) -> Void
    ) async -> (Sample?, Trace?) {
        switch agent {
        case .success(let definition):
            let runner = CaseRunner(
                runtime: runtime, clock: clock, slots: slots, heartbeat: heartbeat, agent: definition,
                recorder: recorder, advisers: advisers, judges: judges, effects: effects, onChange: onChange)
            // Cancellation is the only error, and no sample is how it is reported.
            return (try? await runner.sample(of: testCase)) ?? (nil, nil)
        case .failure(let problem):
            return (Sample(verdict: .error, turns: [], problem: problem), nil)
        case nil:
            return (nil, nil)
        }
    }

    private func definitions(of suites: [TestSuite]) async -> [String: Result<AgentDefinition, Diagnostic>] {
        var definitions: [String: Result<AgentDefinition, Diagnostic>] = [:]
        for suite in suites where definitions[suite.agent] == nil && !Task.isCancelled {
            do {
                definitions[suite.agent] = .success(try await definition(suite.agent))
            } catch {
                let address = "suites.\(suite.name)"
                var problem = Diagnostic.from(error, at: address, in: suite.range.firstLine)
                problem.address = problem.address ?? address
                definitions[suite.agent] = .failure(problem)
            }
        }
        return definitions
    }
}
