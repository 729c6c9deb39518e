import Language
import Synchronization

/// Writes traces to MLflow behind the back of what is traced, which never waits for it.
///
/// Traces are written in the order in which they come, many at a time. What the server cannot take just now is written
/// again until it can: a trace that is written twice is there once. What it refuses is lost, and nothing else with it.
package final class MLflowTraceWriter: Sendable {
    /// The most traces that wait.
    package static let queueLimit = 8192
    /// The most traces of one request: see `MLflowServer.exportSpans`.
    private static let batchSize = 100
    /// The most requests at a time.
    private static let concurrency = 8
    /// How often an error of the server (500) is taken for a passing one.
    private static let patience = 5

    private let server: MLflowServer
    /// nil until the server was asked.
    private let route: Mutex<MLflowTraceRoute?>
    private let clock: any Clock<Duration>
    private let pause: Duration
    private let queue: Mutex<TraceQueue>
    private let arrivals: AsyncStream<Void>
    private let arrival: AsyncStream<Void>.Continuation

    private init(
        _ server: MLflowServer, _ route: MLflowTraceRoute?, queueLimit: Int, pause: Duration, clock: any Clock<Duration>
    ) {
        self.server = server
        self.route = Mutex(route)
        self.clock = clock
        self.pause = pause
        queue = Mutex(TraceQueue(limit: queueLimit))
        (arrivals, arrival) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Gives `body` a writer, and writes what still waits after it, until nothing has been written for `deadline`.
    ///
    /// - Parameters:
    ///   - route: How spans are sent; nil asks the server before the first.
    ///   - pause: Between two tries while the server takes nothing.
    ///   - clock: Measures the deadline and the pauses.
    /// - Returns: What `body` gives, and what became of the traces.
    /// - Throws: What `body` throws.
    package static func withWriter<R: Sendable>(
        to server: MLflowServer, route: MLflowTraceRoute? = nil, queueLimit: Int = queueLimit,
        deadline: Duration = .seconds(15), pause: Duration = .seconds(1),
        clock: any Clock<Duration> = ContinuousClock(),
        _ body: (MLflowTraceWriter) async throws -> R
    ) async throws -> (result: R, tally: TraceTally) {
        let writer = MLflowTraceWriter(server, route, queueLimit: queueLimit, pause: pause, clock: clock)
        let result = await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await writer.run() }
            let result: Result<R, any Error>
            do {
                result = .success(try await body(writer))
            } catch {
                result = .failure(error)
            }
            writer.close()
            group.addTask { await standstill(of: { writer.tally.written }, for: deadline, clock: clock) }
            _ = await group.nextResult()
            group.cancelAll()
            return result
        }
        return (try result.get(), writer.tally)
    }

    /// Takes a trace to write it soon; never waits.
    package func write(_ trace: MLflowTrace) {
        queue.withLock { $0.put(trace) }
        arrival.yield()
    }

    /// What became of the traces so far.
    package var tally: TraceTally {
        queue.withLock { $0.tally }
    }

    private func close() {
        queue.withLock { $0.close() }
        arrival.finish()
    }

    /// Writes until the writer is closed and nothing waits any more, or the task is cancelled.
    private func run() async {
        for await _ in arrivals { await writeAll() }
        await writeAll()
        queue.withLock { $0.abandon() }
    }

    private func writeAll() async {
        while !Task.isCancelled {
            let batch = queue.withLock { $0.take(Self.batchSize) }
            guard !batch.isEmpty else { return }
            await write(batch)
        }
    }

    /// Writes a batch, and what of it the server cannot take just now again and again.
    private func write(_ batch: [MLflowTrace]) async {
        var rest = batch
        var problem: WireError?
        for round in 1... {
            let failures = await attempt(rest)
            let lasting = failures.filter { !$0.problem.mayPass(after: round, of: Self.patience) }
            queue.withLock { queue in
                queue.count(written: rest.count - failures.count)
                for failure in lasting { queue.count(lost: 1, because: failure.problem) }
            }
            let passing = failures.filter { $0.problem.mayPass(after: round, of: Self.patience) }
            rest = passing.map(\.trace)
            problem = passing.first?.problem
            guard !rest.isEmpty else { return }
            do {
                try Task.checkCancellation()
                try await clock.sleep(for: pause)
            } catch {
                break  // The time is over.
            }
        }
        queue.withLock { $0.count(lost: rest.count, because: problem) }
    }
}

extension MLflowTraceWriter {
    /// A trace that was not written.
    private struct Failure: Sendable {
        var trace: MLflowTrace
        var problem: WireError
    }

    /// Those that share a request.
    private struct Place: Hashable, Sendable {
        var experimentID: String
        var runID: String?
    }

    /// Tries to write traces once.
    private func attempt(_ traces: [MLflowTrace]) async -> [Failure] {
        let route: MLflowTraceRoute
        do {
            route = try await knownRoute()
        } catch {
            return traces.map { Failure(trace: $0, problem: described(error)) }
        }
        switch route {
        case .files:
            return await each(traces) { trace in
                let folder = try await self.server.startTrace(trace)
                try await self.server.putSpans(of: trace, at: folder)
            }
        case .spans:
            var failures = await each(traces.filter(\.needsInfo)) { _ = try await self.server.startTrace($0) }
            let failed = Set(failures.map(\.trace.id))
            let begun = traces.filter { !failed.contains($0.id) }
            for (place, group) in Dictionary(
                grouping: begun, by: { Place(experimentID: $0.experimentID, runID: $0.runID) })
            {
                failures += await export(group, to: place)
            }
            let unwritten = Set(failures.map(\.trace.id))
            let prompted = begun.filter { !$0.prompts.isEmpty && !unwritten.contains($0.id) }
            return failures + (await each(prompted) { try await self.server.linkPrompts(of: $0) })
        }
    }

    /// Sends the spans of traces together; when they are refused, in halves, so that only the refused ones are missing.
    private func export(_ traces: [MLflowTrace], to place: Place) async -> [Failure] {
        guard
            let problem = await problem(of: {
                try await self.server.exportSpans(of: traces, experimentID: place.experimentID, runID: place.runID)
            })
        else { return [] }
        guard problem.isAboutContent, traces.count > 1 else {
            return traces.map { Failure(trace: $0, problem: problem) }
        }
        let middle = traces.count / 2
        return await export(Array(traces[..<middle]), to: place) + export(Array(traces[middle...]), to: place)
    }

    /// Does something for each trace, several at a time.
    private func each(
        _ traces: [MLflowTrace], _ body: @escaping @Sendable (MLflowTrace) async throws -> Void
    ) async -> [Failure] {
        await withTaskGroup(of: Failure?.self) { group in
            var failures: [Failure] = []
            for (index, trace) in traces.enumerated() {
                if index >= Self.concurrency, let failure = await group.next() ?? nil { failures.append(failure) }
                group.addTask {
                    await self.problem { try await body(trace) }.map { Failure(trace: trace, problem: $0) }
                }
            }
            for await failure in group { if let failure { failures.append(failure) } }
            return failures
        }
    }

    private func knownRoute() async throws -> MLflowTraceRoute {
        if let known = route.withLock({ $0 }) { return known }
        let asked = try await server.traceRoute()
        route.withLock { $0 = asked }
        return asked
    }

    private func problem(of body: () async throws -> Void) async -> WireError? {
        do {
            try await body()
            return nil
        } catch {
            return described(error)
        }
    }

    private func described(_ error: any Error) -> WireError {
        switch error {
        case let error as WireError: error
        case let error as Diagnostic: .unwritable(server.endpoint.base, error.detail)
        case _: .unfinished(server.endpoint.base)
        }
    }
}

extension WireError {
    /// Whether the server may take the same later: it is away or overloaded, or its error may be a passing one.
    fileprivate func mayPass(after round: Int, of patience: Int) -> Bool {
        switch cause {
        case .transport(.tls): false
        case .transport: true
        case .status(408), .status(429), .status(502), .status(503), .status(504): true
        case .status(500...): round < patience
        case .status, .unreadable, .stream: false
        }
    }

    /// Whether something in the request is refused, so that a part of it might be taken.
    fileprivate var isAboutContent: Bool {
        [400, 413, 422].contains(status)
    }

    /// The writing was cut off.
    fileprivate static func unfinished(_ base: String) -> WireError {
        WireError(
            .transport(.timeout), service: "MLflow", operation: "write the traces", method: .post, base: base,
            path: "/v1/traces", message: "not finished in time")
    }

    /// The server keeps its files where only others can write.
    fileprivate static func unwritable(_ base: String, _ reason: String) -> WireError {
        WireError(
            .unreadable, service: "MLflow", operation: "write the spans", method: .put, base: base,
            path: "/api/2.0/mlflow-artifacts/artifacts", message: reason)
    }
}
