import Language
package import Runtime

/// Runs suites against a runtime, many cases at a time.
package struct SuiteRunner: Sendable {
    private let runtime: any AgentRuntime
    private let clock: any Clock<Duration>
    private let today: CalendarDay
    private let concurrency: Int
    private let recorder: (@Sendable (AgentDefinition) -> TraceRecorder)?
    private let definition: @Sendable (_ agent: String) async throws -> AgentDefinition

    /// - Parameters:
    ///   - runtime: Where the agents run.
    ///   - clock: Measures time-outs.
    ///   - today: Decides which quarantines still hold.
    ///   - concurrency: The most conversations at a time, over all suites.
    ///   - recorder: Makes what traces one conversation; nil when nobody wants traces.
    ///   - definition: Finds the agent of a suite by its declared name; asked once for each agent.
    package init(
        runtime: any AgentRuntime,
        clock: any Clock<Duration> = ContinuousClock(),
        today: CalendarDay,
        concurrency: Int = 8,
        recorder: (@Sendable (AgentDefinition) -> TraceRecorder)? = nil,
        definition: @escaping @Sendable (_ agent: String) async throws -> AgentDefinition
    ) {
        precondition(concurrency > 0, "Nothing runs with a concurrency of zero.")
        self.runtime = runtime
        self.clock = clock
        self.today = today
        self.concurrency = concurrency
        self.recorder = recorder
        self.definition = definition
    }

    /// Takes all samples and judges the suites, in their order.
    ///
    /// When the task is cancelled, what is finished is kept, and everything else is reported as not run.
    package func run(
        _ suites: [TestSuite], onEvent: (SuiteEvent) -> Void = { _ in }
    ) async -> [SuiteResult] {
        let agents = await definitions(of: suites)
        let watch = Stopwatch(clock)
        var progress = SuiteProgress(suites, today: today)
        await withTaskGroup(of: (SuiteProgress.Unit, Sample?, Trace?).self) { group in
            var running = 0
            while true {
                while running < concurrency, !Task.isCancelled, let unit = progress.next(elapsed: watch.elapsed()) {
                    let testCase = progress.testCase(of: unit)
                    let agent = agents[suites[unit.suite].agent]
                    group.addTask {
                        let (sample, trace) = await sample(of: testCase, with: agent)
                        return (unit, sample, trace)
                    }
                    running += 1
                }
                progress.takeEvents().forEach(onEvent)
                guard let (unit, sample, trace) = await group.next() else { break }
                running -= 1
                progress.finish(unit, with: sample, trace, elapsed: watch.elapsed())
                progress.takeEvents().forEach(onEvent)
            }
        }
        progress.close(elapsed: watch.elapsed())
        progress.takeEvents().forEach(onEvent)
        return progress.results
    }

    /// - Returns: nil when the task was cancelled before the sample was whole.
    private func sample(
        of testCase: TestCase, with agent: Result<AgentDefinition, Diagnostic>?
    ) async -> (Sample?, Trace?) {
        switch agent {
        case .success(let definition):
            let runner = CaseRunner(runtime: runtime, clock: clock, agent: definition, recorder: recorder)
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
                definitions[suite.agent] = .failure(.describing(error, of: "suites.\(suite.name)", at: suite.range))
            }
        }
        return definitions
    }
}
