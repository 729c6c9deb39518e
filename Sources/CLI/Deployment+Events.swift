import Engine
import Language
import Reports

/// What an apply tells programs beside the operations themselves.
extension Deployment {
    /// The plan, and what it warns of.
    func tellPlan(_ stack: Stack) {
        guard EventOutput.isOn else { return }
        EventOutput.begin(stack.sources)
        // A plan always encodes: it is data.
        try? EventOutput.write {
            try $0.planned(
                plan, servers: session.locations, endangered: endangered, requests: session.requestCount, at: $1)
        }
        for warning in plan.warnings { EventOutput.write { $0.warning(warning, at: $1) } }
    }

    func tellSummary(_ applied: Applied, since start: ContinuousClock.Instant) {
        EventOutput.write {
            $0.summary(applied, elapsed: ContinuousClock.now - start, requests: session.requestCount, at: $1)
        }
    }

    /// Ends an apply that had nothing to do, but to end what one before that was cut off left open in the history.
    /// - Throws: `Diagnostics` where gates hold back what would be promoted.
    func endWithNothingToDo(_ stack: Stack) async throws {
        // Who may only read leaves it to the next one.
        try? await session.store.endOpenRuns()
        _ = try stayed(stack)?.whole()
        EventOutput.write {
            $0.summary(.nothing, elapsed: .zero, requests: session.requestCount, at: $1)
        }
    }
}
