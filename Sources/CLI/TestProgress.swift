import FoundationEssentials
import Language
import Suites
import Synchronization

/// Shows the progress of a run of suites on standard error: a live line on a terminal, otherwise a line for each case.
final class TestProgress: Sendable {
    private struct State {
        var samples = 0
        var finished = 0
        var running: [CaseID] = []
        var isDrawn = false
        var isInterrupted = false
    }

    private let isLive: Bool
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    private init(isLive: Bool) {
        self.isLive = isLive
    }

    /// Runs a body and shows the events that it reports.
    static func draw<Result: Sendable>(
        _ body: @escaping @Sendable (@escaping @Sendable (SuiteEvent) -> Void) async throws -> Result
    ) async throws -> Result {
        let environment = ProcessInfo.processInfo.environment
        let progress = TestProgress(isLive: Console.colors(environment, descriptor: 2))
        return try await LiveDrawing.during {
            try await body { progress.show($0) }
        } redraw: {
            progress.redraw()
        } finish: {
            progress.finish()
        }
    }

    private func show(_ event: SuiteEvent) {
        state.withLock { state in
            switch event {
            case .started(let samples): state.samples = samples
            case .sampleStarted(let id): state.running.append(id)
            case .sampleFinished(let sample):
                state.finished += 1
                if let index = state.running.firstIndex(of: sample.id) { state.running.remove(at: index) }
            case .caseFinished(let id, let verdict, _):
                if !isLive, !Console.isInteractive { Console.note("\(id): \(verdict.rawValue)") }
            case .suiteFinished: break
            }
        }
    }

    private func redraw() {
        state.withLock { state in
            guard isLive, !state.isInterrupted else { return }
            erase(&state)
            if Interruption.exitCode != nil {
                state.isInterrupted = true
                return Console.note("Interrupted: what is finished is reported. Interrupt again to stop at once.")
            }
            let elapsed = (ContinuousClock.now - start).spelled
            let names = state.running.prefix(8).map(\.description).joined(separator: ", ")
            let counted = "  \(state.finished) of \(state.samples) samples, \(elapsed)"
            Console.write(Console.live(Printable.text(names.isEmpty ? counted : "\(counted): \(names)")) + "\n", to: 2)
            state.isDrawn = true
        }
    }

    private func finish() {
        state.withLock { erase(&$0) }
    }

    private func erase(_ state: inout State) {
        guard state.isDrawn else { return }
        Console.write("\r\u{1B}[1A\u{1B}[J", to: 2)
        state.isDrawn = false
    }
}
