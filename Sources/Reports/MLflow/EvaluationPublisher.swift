import Engine
import FoundationEssentials
package import Language
import Runtime
package import Suites
import Synchronization
package import Wire

/// Publishes results as evaluation runs of MLflow while suites run: one run per suite, one trace per sample. It works
/// in the background: suites never wait for it, and it reports at the end what it could not publish.
package final class EvaluationPublisher: Sendable {
    private enum Step: Sendable {
        case sample(FinishedSample)
        /// With the time of its end, in milliseconds since 1970.
        case suite(SuiteResult, EvaluationMetrics, at: Int, isOpen: Bool)
        /// What it gives as evidence.
        case settled(SuiteResult)
    }

    private struct State {
        /// Samples that wait for their run.
        var waiting = 0
        var dropped = 0
        var done = 0
        /// By suite.
        var metrics: [String: EvaluationMetrics] = [:]
        var problems: [Diagnostic] = []
        /// The same, to tell each once.
        var reported: Set<Diagnostic> = []
        /// Whether something was not published because the server was away, so that it may be later.
        var isUnsent = false
    }

    /// The maximum number of samples that wait for their run to be created.
    private static let limit = 1024
    /// The pause between retries while the server is not available.
    private static let pause = Duration.seconds(1)

    private let runs: [String: EvaluationRun]
    private let spool: Spool?
    private let clock: any Clock<Duration>
    private let steps: AsyncStream<Step>
    private let step: AsyncStream<Step>.Continuation
    private let state = Mutex(State())

    private init(_ runs: [EvaluationRun], _ spool: Spool?, clock: any Clock<Duration>) {
        self.runs = Dictionary(runs.map { ($0.suite.name, $0) }) { first, _ in first }
        self.spool = spool
        self.clock = clock
        (steps, step) = AsyncStream.makeStream()
    }

    /// Runs `body` with a publisher, and then publishes the rest, until there was no progress for `deadline`.
    ///
    /// - Parameters:
    ///   - places: The destination of each suite, by its name; suites without one are not published.
    ///   - spool: Keeps what is published until it is; nil for nothing.
    ///   - clock: Measures the deadline.
    ///     It is longer where requests to the server may take longer than usual, and while a large log is uploaded.
    /// - Returns: The result of `body`, and a warning for everything that was not published.
    /// - Throws: What `body` throws.
    package static func withPublisher<R: Sendable>(
        to server: MLflowServer, _ suites: [TestSuite], places: [String: MLflowPlace], _ context: EvaluationContext,
        spool: Spool? = nil, deadline: Duration = .seconds(10), clock: any Clock<Duration> = ContinuousClock(),
        _ body: (EvaluationPublisher) async throws -> R
    ) async throws -> (result: R, warnings: [Diagnostic]) {
        let runs = suites.compactMap { suite in
            places[suite.name].map { EvaluationRun(server: server, suite: suite, place: $0, context: context) }
        }
        let publisher = EvaluationPublisher(runs, spool, clock: clock)
        let timeout = server.endpoint.timeout
        let deadline = timeout > Endpoint.usualTimeout ? max(deadline, timeout) : deadline
        let (result, tally) = try await MLflowTraceWriter.withWriter(
            to: server, deadline: deadline, clock: clock
        ) { writer in
            try await publisher.publishing(with: writer, deadline: deadline, body)
        }
        return (result, publisher.warnings(tally))
    }

    /// Queues an event; never waits.
    /// - Parameter isOpen: Whether `settle` says later what the suite that ends gives as evidence.
    package func take(_ event: SuiteEvent, isOpen: Bool = false) {
        switch event {
        case .sampleFinished(let finished):
            guard let evaluation = runs[finished.id.suite] else { return }
            if let spool, let trace = finished.trace {
                spool.keep(runOf: finished.id.suite) { evaluation.spooled }
                let spooled = trace.evaluated(finished, run: nil, at: evaluation.place)
                spool.keep(SpoolEntry(trace: SpoolEntry.Trace(suite: finished.id.suite, trace: spooled)))
            }
            let isTaken = state.withLock { state in
                state.metrics[finished.id.suite, default: EvaluationMetrics()].take(
                    finished.sample, decides: !evaluation.quarantined.contains(finished.id))
                // The trace of a sample that an earlier run took is in that run.
                guard finished.trace != nil else { return false }
                guard state.waiting < Self.limit else {
                    state.dropped += 1
                    return false
                }
                state.waiting += 1
                return true
            }
            if isTaken { step.yield(.sample(finished)) }
        case .suiteFinished(let result):
            guard let evaluation = runs[result.suite] else { return }
            let metrics = state.withLock { $0.metrics.removeValue(forKey: result.suite) } ?? EvaluationMetrics()
            let time = evaluation.context.now()
            if let spool {
                spool.keep(runOf: result.suite) { evaluation.spooled }
                let end = evaluation.spooledEnd(with: result, metrics.values(of: result), at: time, isOpen: isOpen)
                spool.keep(SpoolEntry(end: end))
            }
            step.yield(.suite(result, metrics, at: time, isOpen: isOpen))
        case .started, .sampleStarted, .caseFinished:
            break
        }
    }

    /// Queues what a suite that has ended gives as evidence; never waits.
    package func settle(_ result: SuiteResult) {
        guard let evaluation = runs[result.suite] else { return }
        spool?.keep(SpoolEntry(settled: evaluation.spooledEvidence(of: result)))
        step.yield(.settled(result))
    }
}

extension EvaluationPublisher {
    private func publishing<R: Sendable>(
        with writer: MLflowTraceWriter, deadline: Duration, _ body: (EvaluationPublisher) async throws -> R
    ) async throws -> R {
        let clock = clock
        let result = await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.publish(with: writer) }
            let result: Result<R, any Error>
            do {
                result = .success(try await body(self))
            } catch {
                result = .failure(error)
            }
            step.finish()
            let patience = deadline + timeToSend
            group.addTask { await standstill(of: { self.state.withLock(\.done) }, for: patience, clock: clock) }
            await group.next()
            group.cancelAll()
            return result
        }
        return try result.get()
    }

    /// The time for the report of a suite on its way, which is about as long as the log: a second for each 512 KiB.
    private var timeToSend: Duration {
        // Without a log there is no report.
        let log = runs.values.first.flatMap { run in try? OpenFile(run.context.log) }
        return .seconds((log?.size ?? 0) / (512 << 10))
    }

    /// Takes the steps in order until the queue is closed, or the time is over.
    private func publish(with writer: MLflowTraceWriter) async {
        var begun: [String: MLflowRun?] = [:]
        var open: [String: MLflowRun] = [:]
        var prompts: [String: Value] = [:]
        for await step in steps {
            switch step {
            case .sample(let finished):
                if let evaluation = runs[finished.id.suite], let run = await begin(evaluation, &begun),
                    let trace = finished.trace
                {
                    let evaluated = trace.evaluated(finished, run: run.id, at: evaluation.place)
                    if !evaluated.prompts.isEmpty { prompts[finished.id.suite] = evaluated.promptLinks }
                    writer.write(evaluated)
                }
                state.withLock { $0.waiting -= 1 }
            case .suite(let result, let metrics, let time, let isOpen):
                if let evaluation = runs[result.suite], let run = await begin(evaluation, &begun) {
                    let prompts = prompts[result.suite]
                    await persistently(result.suite) {
                        try await evaluation.end(
                            run, with: result, metrics.values(of: result), prompts: prompts,
                            at: max(time, run.startTime), isOpen: isOpen)
                    }
                    if isOpen { open[result.suite] = run }
                }
                begun[result.suite] = .some(nil)
            case .settled(let result):
                if let evaluation = runs[result.suite], let run = open[result.suite] {
                    await persistently(result.suite) { try await evaluation.settle(run, with: result) }
                }
            }
            state.withLock { $0.done += 1 }
        }
        for (suite, run) in begun where run != nil {
            state.withLock { $0.isUnsent = true }
            report(.notPublished(suite, because: Self.late))
        }
    }

    /// - Returns: nil when it cannot be started, now or later.
    private func begin(_ evaluation: EvaluationRun, _ begun: inout [String: MLflowRun?]) async -> MLflowRun? {
        let name = evaluation.suite.name
        if let known = begun[name] { return known }
        let run = await persistently(name) { try await evaluation.begin() }
        begun[name] = .some(run)
        return run
    }

    /// Retries while the server is unavailable; a rejection is reported.
    /// - Returns: nil when it was not done.
    @discardableResult
    private func persistently<R: Sendable>(_ suite: String, _ body: () async throws -> R) async -> R? {
        while true {
            do {
                return try await body()
            } catch is CancellationError {
                state.withLock { $0.isUnsent = true }
                report(.notPublished(suite, because: Self.late))
                return nil
            } catch {
                let isAway = (error as? WireError)?.isAway ?? false
                if isAway || (error as? WireError)?.mayPass == true { state.withLock { $0.isUnsent = true } }
                guard isAway, (try? await clock.sleep(for: Self.pause)) != nil else {  // The time may be over.
                    report(.notPublished(suite, because: Diagnostic.from(error, at: nil).detail))
                    return nil
                }
            }
        }
    }

    private static let late = "MLflow did not answer in time."

    private func report(_ problem: Diagnostic) {
        state.withLock { state in
            if state.reported.insert(problem).inserted { state.problems.append(problem) }
        }
    }

    private func warnings(_ tally: TraceTally) -> [Diagnostic] {
        let state = state.withLock { $0 }
        let missing = tally.missing + state.dropped + state.waiting
        let traces =
            missing > 0 ? [Diagnostic.tracesMissing(missing, of: missing + tally.written, because: tally.reason)] : []
        let mayPass = missing > 0 && tally.reason.map { $0.isAway || $0.mayPass } ?? true
        let isUnsent = !(state.problems + traces).isEmpty && (state.isUnsent || mayPass)
        let fix: String
        if let kept = spool?.settle(isUnsent: isUnsent) {
            fix = "The verdict stands without it, and \(kept): the next `drover test` sends it."
        } else if isUnsent, let reason = spool?.refusal {
            fix = "The verdict stands without it. It is not kept for later: \(reason)."
        } else {
            return state.problems + traces
        }
        return (state.problems + traces).map { problem in
            var told = problem
            told.fix = fix
            return told
        }
    }
}

extension Diagnostic {
    fileprivate static func notPublished(_ suite: String, because reason: String) -> Diagnostic {
        Diagnostic(
            "not-published", "Results are not in MLflow",
            detail: "The evaluation run of the suite `\(suite)` is missing or incomplete: \(reason)",
            fix:
                "The verdict stands without it. Run the suite again once MLflow takes it, or keep results out of MLflow.",
            severity: .warning, cause: .unavailable)
    }

    fileprivate static func tracesMissing(_ count: Int, of all: Int, because reason: WireError?) -> Diagnostic {
        let why = reason.map { " The first reason: \($0.diagnostic().detail)" } ?? ""
        return Diagnostic(
            "traces-missing", "Traces are not in MLflow", detail: "\(count) of \(all) traces were not written.\(why)",
            fix:
                "The verdict stands without them. Run the suites again once MLflow takes them, or keep results out of MLflow.",
            severity: .warning, cause: .unavailable)
    }
}
