import Language
import Synchronization

/// Writes traces to MLflow in the background; the traced work never waits for it.
///
/// Traces are written in the order of their arrival, in batches. While the server is not available, writing is
/// repeated: a trace that is written twice exists once. A rejected trace is lost, but no other one with it.
package final class MLflowTraceWriter: Sendable {
    /// The maximum number of waiting traces.
    package static let queueLimit = 8192
    /// The maximum number of traces in one request: see `MLflowServer.exportSpans`.
    private static let batchSize = 100
    /// The maximum number of concurrent requests.
    private static let concurrency = 8
    /// How often an error of the server (500) is considered temporary.
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

    /// Runs `body` with a writer, and then writes the waiting traces, until there was no progress for `deadline`.
    ///
    /// - Parameters:
    ///   - route: How spans are sent; nil asks the server before the first.
    ///   - pause: Between two attempts while the server is not available.
    ///   - clock: Measures the deadline and the pauses.
    /// - Returns: The result of `body`, and the outcome of the traces.
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

    /// Queues a trace; never waits.
    package func write(_ trace: MLflowTrace) {
        queue.withLock { $0.put(trace) }
        arrival.yield()
    }

    /// The outcome of the traces so far.
    package var tally: TraceTally {
        queue.withLock { $0.tally }
    }

    private func close() {
        queue.withLock { $0.close() }
        arrival.finish()
    }

    /// Writes until the writer is closed and the queue is empty, or the task is cancelled.
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

    /// Writes a batch, and repeats those of its traces that fail temporarily.
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

    /// What the traces of one request have in common.
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
            let prompted = begun.filter { $0.linksPrompts && !$0.prompts.isEmpty && !unwritten.contains($0.id) }
            return failures + (await each(prompted) { try await self.server.linkPrompts(of: $0) })
        }
    }

    /// Sends the spans of traces together; when they are rejected, in halves, so that only the rejected ones are
    /// missing.
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

    /// Performs an operation for each trace, several concurrently.
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
    /// Whether the same may succeed later: the server is unavailable or overloaded, or its error may be temporary.
    fileprivate func mayPass(after round: Int, of patience: Int) -> Bool {
        switch cause {
        case .transport(.tls): false
        case .transport: true
        case .status(408), .status(429), .status(502), .status(503), .status(504): true
        case .status(500...): round < patience
        case .status, .unreadable, .stream: false
        }
    }

    /// Whether the content is rejected, so that a part of it may be accepted.
    fileprivate var isAboutContent: Bool {
        [400, 413, 422].contains(status)
    }

    /// Writing was interrupted.
    fileprivate static func unfinished(_ base: String) -> WireError {
        WireError(
            .transport(.timeout), service: "MLflow", operation: "write the traces", method: .post, base: base,
            path: "/v1/traces", message: "not finished in time")
    }

    /// The server's artifact storage can be written only by others.
    fileprivate static func unwritable(_ base: String, _ reason: String) -> WireError {
        WireError(
            .unreadable, service: "MLflow", operation: "write the spans", method: .put, base: base,
            path: "/api/2.0/mlflow-artifacts/artifacts", message: reason)
    }
}
