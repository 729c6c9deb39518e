import Synchronization

/// How a writer uses its spool.
extension MLflowTraceWriter {
    /// Sends what is in the spool, the oldest first, and last what the server did not answer, until the task is cancelled.
    func resend(from spool: TraceSpool) async {
        var round = 1
        // A cancelled sleep ends it.
        while !Task.isCancelled {
            guard let (entries, traces) = spool.oldest(upTo: Self.batchSize) else {
                guard (try? await clock.sleep(for: pause)) != nil else { return }
                isAway.store(false, ordering: .relaxed)  // Nothing here would find out that it is not.
                continue
            }
            let failures = await attempt(traces)
            let lasting = failures.filter { !$0.problem.mayPass(after: round, of: Self.patience, isKept: true) }
            guard lasting.count == failures.count else {
                isAway.store(true, ordering: .relaxed)
                if failures.contains(where: { $0.problem.isUnanswered }) {
                    spool.postpone(entries, traces)
                    round = 1
                } else if failures.contains(where: { !$0.problem.mayPass(after: .max, of: 0, isKept: true) }) {
                    // Only what it has answered counts against its patience: it may have been away for long before.
                    round += 1
                }
                guard (try? await clock.sleep(for: pause)) != nil else { return }
                continue
            }
            isAway.store(false, ordering: .relaxed)
            round = 1
            queue.withLock { queue in
                queue.count(written: traces.count - lasting.count)
                for failure in lasting { queue.count(lost: 1, because: failure.problem) }
            }
            spool.remove(entries)
        }
    }

    /// Puts what waits into the spool before the queue is full, until the task is cancelled.
    func relieve(into spool: TraceSpool) async {
        for await _ in floods {
            while queue.withLock({ $0.isHalfFull }) {
                keep(queue.withLock { $0.take(Self.batchSize, upTo: Self.batchBytes) }, in: spool)
            }
        }
    }

    func keep(_ traces: [MLflowTrace], in spool: TraceSpool) {
        for start in stride(from: 0, to: traces.count, by: Self.batchSize) {
            let left = spool.keep(Array(traces[start..<min(start + Self.batchSize, traces.count)]))
            if left > 0 { queue.withLock { $0.count(dropped: left) } }
        }
    }
}
