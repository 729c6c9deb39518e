import Language
import Synchronization

/// Writes traces to MLflow in the background; the traced work never waits for it.
///
/// Traces are written in the order of their arrival, in batches; a part of a trace that somebody else began waits up to
/// a second, since the other side writes its part at the same time, and what both say about the whole would mix. While
/// the server is not available, writing is repeated: a trace that is written twice exists once. A rejected trace is
/// lost, but no other one with it; a batch that the server takes and never answers is given up after some attempts.
///
/// With a spool, what the server does not take now goes there instead of waiting, as does what the queue cannot hold;
/// it is sent as soon as the server takes traces again, or by whoever uses the spool next.
package final class MLflowTraceWriter: Sendable {
    /// The maximum number of waiting traces.
    package static let queueLimit = 8192
    /// About how many bytes the waiting traces may take together.
    package static let queueBytes = 64 << 20
    /// The maximum number of traces in one request: see `MLflowServer.exportSpans`.
    static let batchSize = 100
    /// About how many bytes are written at a time, unless one trace has more.
    static let batchBytes = SpanMessage.batchBytes
    /// How long the server may answer nothing while a batch is written: longer than the largest takes on its way.
    private static let stall = Duration.seconds(120)
    /// The maximum number of concurrent requests.
    private static let concurrency = 8
    /// How often an error of the server (500), or no answer, is considered temporary.
    static let patience = 5
    /// Between two steps by which parts of others' traces become ripe.
    private static let ripening = Duration.milliseconds(500)

    private let server: MLflowServer
    /// nil until the server was asked.
    private let route: Mutex<MLflowTraceRoute?>
    /// The experiments that were awaited, and are known by now.
    private let experiments = Mutex<[AwaitedExperiment: String]>([:])
    let clock: any Clock<Duration>
    let pause: Duration
    private let stall: Duration
    /// Beats as long as the writer is open.
    private let heartbeat = Heartbeat()
    /// When the server took something, or began to be asked.
    private let lastTaken = Mutex(ContinuousClock.now)
    let queue: Mutex<TraceQueue>
    private let spool: TraceSpool?
    /// Whether the server did not take traces the last time; then new ones go into the spool.
    let isAway = Atomic<Bool>(false)
    private let arrivals: AsyncStream<Void>
    private let arrival: AsyncStream<Void>.Continuation
    let floods: AsyncStream<Void>
    private let flood: AsyncStream<Void>.Continuation
    private let joins: AsyncStream<Void>
    private let join: AsyncStream<Void>.Continuation

    private init(
        _ server: MLflowServer, _ route: MLflowTraceRoute?, _ spool: TraceSpool?, _ queue: TraceQueue, pause: Duration,
        stall: Duration, clock: any Clock<Duration>
    ) {
        self.server = server
        self.route = Mutex(route)
        self.spool = spool
        self.clock = clock
        self.pause = pause
        self.stall = stall
        self.queue = Mutex(queue)
        (arrivals, arrival) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (floods, flood) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (joins, join) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        spool?.begin(for: server.endpoint.base)
    }

    /// Runs `body` with a writer, and then writes the waiting traces, until there was no progress for `deadline`.
    ///
    /// - Parameters:
    ///   - route: How spans are sent; nil asks the server before the first.
    ///   - spool: Takes what the server does not; nil for none.
    ///   - pause: Between two attempts while the server is not available.
    ///   - stall: How long an attempt may last in which the server takes nothing; more than a second. nil for two minutes, or
    ///     more where requests to the server may take longer than usual.
    ///   - clock: Measures the deadline and the pauses.
    /// - Returns: The result of `body`, and the outcome of the traces.
    /// - Throws: What `body` throws.
    package static func withWriter<R: Sendable>(
        to server: MLflowServer, route: MLflowTraceRoute? = nil, spool: TraceSpool? = nil, queueLimit: Int = queueLimit,
        queueBytes: Int = queueBytes, deadline: Duration = .seconds(15), pause: Duration = .seconds(1),
        stall: Duration? = nil, clock: any Clock<Duration> = ContinuousClock(),
        _ body: (MLflowTraceWriter) async throws -> R
    ) async throws -> (result: R, tally: TraceTally) {
        let writer = MLflowTraceWriter(
            server, route, spool, TraceQueue(limit: queueLimit, byteLimit: queueBytes), pause: pause,
            stall: stall ?? max(Self.stall, server.endpoint.timeout * 4), clock: clock)
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

    /// Queues a trace that is made only where there is room for it: to make one takes longer than to drop it.
    package func write(making trace: () -> MLflowTrace) {
        guard queue.withLock({ $0.dropsWhenFull() }) else { return write(trace()) }
        flood.yield()
    }

    /// Queues a trace; never waits.
    package func write(_ trace: MLflowTrace) {
        let size = trace.size
        let isFlooded = queue.withLock { queue in
            queue.put(trace, of: size)
            return queue.isHalfFull
        }
        if trace.isJoined { join.yield() } else { arrival.yield() }
        if isFlooded { flood.yield() }
    }

    /// The outcome of the traces so far.
    package var tally: TraceTally {
        var tally = queue.withLock { $0.tally }
        (tally.spooled, tally.spooledBytes) = (spool?.waiting ?? 0, spool?.bytes ?? 0)
        return tally
    }

    /// Whether traces can be joined that others began; false until the server was asked.
    package var joinsTraces: Bool {
        route.withLock { $0 } == .spans
    }

    private func close() {
        queue.withLock { $0.close() }
        arrival.finish()
    }

    /// Writes until the writer is closed and the queue is empty, or the task is cancelled.
    private func run() async {
        await withTaskGroup(of: Void.self) { group in
            if let spool {
                group.addTask { await self.resend(from: spool) }
                group.addTask { await self.relieve(into: spool) }
            }
            group.addTask { await self.heartbeat.run() }
            group.addTask { await self.ripen() }
            for await _ in arrivals { await writeAll() }
            // What is in the spool may stay there.
            group.cancelAll()
        }
        await writeAll()
        if let spool { keep(queue.withLock { $0.take(.max) }, in: spool) }
        queue.withLock { $0.abandon() }
    }

    /// Lets parts of others' traces become ripe, until the task is cancelled.
    private func ripen() async {
        for await _ in joins {
            while queue.withLock(\.isRipening), (try? await clock.sleep(for: Self.ripening)) != nil {
                queue.withLock { $0.ripen() }
                arrival.yield()
            }
        }
    }

    private func writeAll() async {
        while !Task.isCancelled {
            let batch = queue.withLock { $0.take(Self.batchSize, upTo: Self.batchBytes) }
            guard !batch.isEmpty else { return }
            if let spool, isAway.load(ordering: .relaxed) {
                keep(batch, in: spool)
            } else {
                await write(batch)
            }
        }
    }

    /// Writes a batch, and repeats those of its traces that fail temporarily.
    private func write(_ batch: [MLflowTrace]) async {
        var rest = batch
        var problem: WireError?
        for round in 1... {
            let failures = await attempt(rest)
            let lasting = failures.filter { !$0.problem.mayPass(after: round, of: Self.patience, isKept: spool != nil) }
            queue.withLock { queue in
                queue.count(written: rest.count - failures.count)
                for failure in lasting { queue.count(lost: 1, because: failure.problem) }
            }
            let passing = failures.filter { $0.problem.mayPass(after: round, of: Self.patience, isKept: spool != nil) }
            rest = passing.map(\.trace)
            problem = passing.first?.problem
            guard !rest.isEmpty else { return }
            if let spool {
                isAway.store(true, ordering: .relaxed)
                return keep(rest, in: spool)
            }
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
    struct Failure: Sendable {
        var trace: MLflowTrace
        var problem: WireError
    }

    /// What the traces of one request have in common.
    private struct Place: Hashable, Sendable {
        var experimentID: String
        var runID: String?
    }

    /// Tries to write traces once; an attempt in which the server takes nothing for too long is given up.
    func attempt(_ traces: [MLflowTrace]) async -> [Failure] {
        noteProgress()
        let attempt = await heartbeat.limiting(until: { [stall] _ in self.lastTaken.withLock { $0 } + stall }) {
            await self.attemptWithoutLimit(traces)
        }
        return (try? attempt.result.get()) ?? []  // Nothing is thrown.
    }

    private func noteProgress() {
        lastTaken.withLock { $0 = .now }
    }

    private func attemptWithoutLimit(_ traces: [MLflowTrace]) async -> [Failure] {
        let (placed, unplaced) = await placed(traces)
        return placed.isEmpty ? unplaced : await unplaced + attempt(placed: placed)
    }

    private func attempt(placed traces: [MLflowTrace]) async -> [Failure] {
        let route: MLflowTraceRoute
        do {
            route = try await knownRoute()
        } catch {
            return traces.map { Failure(trace: $0, problem: WireError(writing: error, to: server.endpoint.base)) }
        }
        switch route {
        case .files:
            return await each(traces) { trace in
                let folder = try await self.server.startTrace(trace)
                try await self.server.putSpans(of: trace, at: folder)
                return trace
            }.failures
        case .spans:
            var (begun, failures) = await each(traces.filter(\.needsInfo)) { try await self.begin($0) }
            begun += traces.filter { !$0.needsInfo }
            for (place, group) in Dictionary(
                grouping: begun, by: { Place(experimentID: $0.experimentID, runID: $0.runID) })
            {
                failures += await export(group, to: place)
            }
            let unwritten = Set(failures.map(\.trace.id))
            let prompted = begun.filter { $0.linksPrompts && !$0.prompts.isEmpty && !unwritten.contains($0.id) }
            return failures
                + (await each(prompted) { trace in
                    try await self.server.linkPrompts(of: trace)
                    return trace
                }.failures)
        }
    }

    /// Writes what spans do not tell.
    ///
    /// Of a trace that somebody else began, what that one says counts, if it is there already. Later servers refuse
    /// spans of a trace of another experiment (3.18), which then belong to a trace of their own.
    /// - Returns: The trace whose spans are to be written.
    private func begin(_ trace: MLflowTrace) async throws -> MLflowTrace {
        let known = trace.isJoined ? try await server.experiment(of: trace) : nil
        if known == trace.experimentID { return trace }
        let begun = known == nil ? trace : trace.apart
        _ = try await server.startTrace(begun)
        return begun
    }

    /// Sends the spans of traces together, as many as are not too much for one request.
    private func export(_ traces: [MLflowTrace], to place: Place) async -> [Failure] {
        var (rest, failures): (ArraySlice<MLflowTrace>, [Failure]) = (traces[...], [])
        while !rest.isEmpty {
            let (message, count) = SpanMessage.bytes(of: rest)
            failures += await export(message, Array(rest.prefix(count)), to: place)
            rest = rest.dropFirst(count)
        }
        return failures
    }

    /// Sends the spans of traces; when they are rejected, in halves, so that only the rejected ones are missing.
    private func export(_ message: [UInt8], _ traces: [MLflowTrace], to place: Place) async -> [Failure] {
        guard
            let problem = await problem(of: {
                try await self.server.exportSpans(
                    message, of: traces.count, experimentID: place.experimentID, runID: place.runID)
            })
        else {
            noteProgress()
            return []
        }
        guard problem.isAboutContent, traces.count > 1 else {
            return traces.map { Failure(trace: $0, problem: problem) }
        }
        let middle = traces.count / 2
        return await export(Array(traces[..<middle]), to: place) + export(Array(traces[middle...]), to: place)
    }

    /// Performs an operation for each trace, several concurrently, and tells what became of each.
    private func each(
        _ traces: [MLflowTrace], _ body: @escaping @Sendable (MLflowTrace) async throws -> MLflowTrace
    ) async -> (done: [MLflowTrace], failures: [Failure]) {
        await withTaskGroup(of: (MLflowTrace, WireError?).self) { group in
            var (done, failures): ([MLflowTrace], [Failure]) = ([], [])
            func note(_ trace: MLflowTrace, _ problem: WireError?) {
                if let problem {
                    failures.append(Failure(trace: trace, problem: problem))
                } else {
                    done.append(trace)
                }
            }
            for (index, trace) in traces.enumerated() {
                if index >= Self.concurrency, let ended = await group.next() { note(ended.0, ended.1) }
                group.addTask {
                    do {
                        let done = try await body(trace)
                        self.noteProgress()
                        return (done, nil)
                    } catch {
                        return (trace, WireError(writing: error, to: self.server.endpoint.base))
                    }
                }
            }
            for await ended in group { note(ended.0, ended.1) }
            return (done, failures)
        }
    }

    /// The id of an awaited experiment; one that was told stays so.
    func experiment(_ awaited: AwaitedExperiment) async -> Result<String, WireError> {
        if let known = experiments.withLock({ $0[awaited] }) { return .success(known) }
        do {
            let id = try await server.id(of: awaited)
            experiments.withLock { $0[awaited] = id }
            return .success(id)
        } catch {
            return .failure(WireError(writing: error, to: server.endpoint.base))
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
            return WireError(writing: error, to: server.endpoint.base)
        }
    }
}
