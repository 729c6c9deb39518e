import FoundationEssentials
import Language
import Suites
import Synchronization

/// Shows the progress of a run of suites on standard error: on a terminal a bar and the running samples, otherwise a counter;
/// and everywhere what fails first.
final class TestProgress: Sendable {
    private struct State {
        var board = TestBoard(start: .now)
        var drawn = 0
        var isInterrupted = false
    }

    private let isLive: Bool
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
            guard let told = state.board.take(event, at: .now) else { return }
            erase(&state)
            Console.note(told)
        }
    }

    private func redraw() {
        state.withLock { state in
            guard !state.isInterrupted else { return }
            if Interruption.exitCode != nil {
                erase(&state)
                state.isInterrupted = true
                return Console.note("Interrupted: what is finished is reported. Interrupt again to stop at once.")
            }
            guard isLive else {
                if let counter = state.board.dueCounter(at: .now) { Console.note(counter) }
                return
            }
            erase(&state)
            let lines = state.board.lines(at: .now, room: min(12, (Console.rows(2) ?? 24) - 2))
            Console.write(lines.map { Console.live($0) + "\n" }.joined(), to: 2)
            state.drawn = lines.count
        }
    }

    private func finish() {
        state.withLock { erase(&$0) }
    }

    private func erase(_ state: inout State) {
        guard state.drawn > 0 else { return }
        // From the first column: a key that was pressed, such as Ctrl-C, has moved the cursor.
        Console.write("\r\u{1B}[\(state.drawn)A\u{1B}[J", to: 2)
        state.drawn = 0
    }
}
