import Engine
import FoundationEssentials
import Language
import Synchronization

/// Shows the progress of an apply on standard error: live lines on a terminal, otherwise one line per event.
final class Progress: Sendable {
    private struct Running {
        var action: Action
        var since: ContinuousClock.Instant
        var detail = ""
    }

    private struct State {
        var running: [Address: Running] = [:]
        var drawn = 0
        var hasToldInterruption = false
    }

    private let isLive: Bool
    private let state = Mutex(State())

    private init(isLive: Bool) {
        self.isLive = isLive
    }

    /// Runs a body and shows the events that it reports.
    static func draw<Result: Sendable>(
        _ body: @escaping @Sendable (@escaping @Sendable (Event) -> Void) async throws -> Result
    ) async throws -> Result {
        let environment = ProcessInfo.processInfo.environment
        let progress = Progress(isLive: Console.colors(environment, descriptor: 2))
        return try await LiveDrawing.during {
            try await body { progress.show($0) }
        } redraw: {
            progress.tellInterruption()
            progress.redraw()
        } finish: {
            progress.finish()
        }
    }

    private func show(_ event: Event) {
        state.withLock { state in
            switch event {
            case .started(let address, let action):
                state.running[address] = Running(action: action, since: .now)
                if !isLive { Console.note("\(address): \(action.participle) …") }
            case .progress(let address, let text):
                state.running[address]?.detail = text
            case .warned(let address, let warning):
                write("! \(address): \(warning.detail)\(warning.fix.map { " \($0)" } ?? "")", &state)
            case .finished(let address, let action, let elapsed):
                state.running[address] = nil
                write("✓ \(address): \(action.past) in \(elapsed.spelled)", &state)
            case .failed(let address, let action, _):
                state.running[address] = nil
                write("✗ \(address): not \(action.past)", &state)
            case .skipped(let address, let cause):
                write("· \(address): skipped because of \(cause)", &state)
            }
            draw(&state)
        }
    }

    /// Says once, after the first Ctrl-C, what is waited for.
    private func tellInterruption() {
        guard Interruption.exitCode != nil else { return }
        state.withLock { state in
            guard !state.hasToldInterruption else { return }
            state.hasToldInterruption = true
            let running = state.running.keys.sorted().map(\.description)
            let awaited = running.isEmpty ? "what is in flight" : running.joined(separator: ", ")
            write("Interrupted: nothing new is begun; waiting for \(awaited). Interrupt again to stop at once.", &state)
        }
    }

    private func redraw() {
        state.withLock { draw(&$0) }
    }

    private func finish() {
        state.withLock { erase(&$0) }
    }

    private func write(_ line: String, _ state: inout State) {
        erase(&state)
        Console.note(line)
    }

    private func erase(_ state: inout State) {
        guard isLive, state.drawn > 0 else { return }
        Console.write("\u{1B}[\(state.drawn)A\u{1B}[J", to: 2)
        state.drawn = 0
    }

    private func draw(_ state: inout State) {
        guard isLive else { return }
        erase(&state)
        let lines = state.running.sorted { $0.key < $1.key }.map { address, running in
            let elapsed = (ContinuousClock.now - running.since).spelled
            let detail = running.detail.isEmpty ? "" : ", \(Printable.text(running.detail))"
            return Console.live("  \(address): \(running.action.participle), \(elapsed)\(detail)") + "\n"
        }
        Console.write(lines.joined(), to: 2)
        state.drawn = lines.count
    }
}

extension Action {
    var participle: String {
        switch self {
        case .keep: "keeping"
        case .adopt: "adopting"
        case .create: "creating"
        case .update: "changing"
        case .replace: "replacing"
        case .delete: "deleting"
        case .forget: "forgetting"
        }
    }

    var past: String {
        switch self {
        case .keep: "kept"
        case .adopt: "adopted"
        case .create: "created"
        case .update: "changed"
        case .replace: "replaced"
        case .delete: "deleted"
        case .forget: "forgotten"
        }
    }
}
