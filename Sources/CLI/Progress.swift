import Engine
import FoundationEssentials
import Language
import Reports
import Synchronization

/// Shows the progress of an apply on standard error: on a terminal a line for each running operation and a table at the
/// end, otherwise one line per event. Where events are wanted as JSON, they go to standard output instead.
final class Progress: Sendable {
    private enum Style {
        case live, lines, events
    }

    private struct State {
        var running: [Address: RunningLine] = [:]
        var finished = FinishedTable()
        var drawn = 0
        var hasToldInterruption = false
    }

    private let style: Style
    /// The addresses of what is to be done, in order.
    private let planned: [Address]
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    private init(_ style: Style, of plan: Plan) {
        self.style = style
        planned = plan.changes.filter { $0.action != .keep }.map(\.address)
    }

    /// Runs a body and shows the events that it reports.
    static func draw<Result: Sendable>(
        _ plan: Plan,
        _ body: @escaping @Sendable (@escaping @Sendable (Event) -> Void) async throws -> Result
    ) async throws -> Result {
        let isLive = Console.colors(ProcessInfo.processInfo.environment, descriptor: 2)
        let progress = Progress(EventOutput.isOn ? .events : isLive ? .live : .lines, of: plan)
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
        if style == .events { EventOutput.write { $0.value(event, at: $1) } }
        state.withLock { state in
            state.finished.add(event)
            switch event {
            case .started(let address, let action):
                state.running[address] = RunningLine(address, action, since: .now)
                if style == .lines { Console.note("\(address): \(action.participle) …") }
            case .progress(let address, let advance):
                state.running[address]?.note(advance, at: .now)
            case .warned(let address, let warning):
                if style != .events { write("! \(address): \(Event.told(of: warning))", &state) }
            case .finished(let address, let action, let elapsed):
                state.running[address] = nil
                if style == .lines { write("✓ \(address): \(action.outcome) in \(elapsed.spelled)", &state) }
            case .passed(let address, let standing):
                if style == .lines { write("✓ \(address): \(Event.told(passedOn: standing))", &state) }
            case .overridden(let address, let reason):
                if style == .lines { write("! \(address): \(Event.told(overriddenBecause: reason))", &state) }
            case .failed(let address, let action, _):
                state.running[address] = nil
                if style == .lines { write("✗ \(address): not \(action.outcome)", &state) }
            case .skipped(let address, let cause):
                if style == .lines { write("· \(address): skipped because of \(cause)", &state) }
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
            let running = state.running.keys.sorted()
            if style == .events { EventOutput.write { $0.interrupted(running: running, at: $1) } }
            let names = running.map(\.description).joined(separator: ", ")
            let awaited = running.isEmpty ? "what is in flight" : names
            write("Interrupted: nothing new is begun; waiting for \(awaited). Interrupt again to stop at once.", &state)
        }
    }

    private func redraw() {
        state.withLock { draw(&$0) }
    }

    private func finish() {
        state.withLock { state in
            erase(&state)
            guard style == .live else { return }
            for line in state.finished.lines(in: planned) { Console.note(line) }
        }
    }

    private func write(_ line: String, _ state: inout State) {
        erase(&state)
        Console.note(line)
    }

    private func erase(_ state: inout State) {
        guard style == .live, state.drawn > 0 else { return }
        // From the first column: a key that was pressed, such as Ctrl-C, has moved the cursor.
        Console.write("\r\u{1B}[\(state.drawn)A\u{1B}[J", to: 2)
        state.drawn = 0
    }

    private func draw(_ state: inout State) {
        guard style == .live else { return }
        erase(&state)
        let now = ContinuousClock.now
        var lines = state.running.sorted { $0.key < $1.key }.map { $1.text(at: now) }
        // More than the terminal has room for would scroll away, and stay.
        let room = max(1, (Console.rows(2) ?? 24) - 3)
        if lines.count > room { lines = lines.prefix(room - 1) + ["  … and \(lines.count - room + 1) more"] }
        if !lines.isEmpty {
            let failures = state.finished.failures
            let failed = failures > 0 ? ", \(failures) of them failed" : ""
            lines.append("  \(state.finished.count) of \(planned.count) done\(failed), \((now - start).spelled)")
        }
        Console.write(lines.map { Console.live($0) + "\n" }.joined(), to: 2)
        state.drawn = lines.count
    }
}

extension Event {
    /// What is said of a gate that passed.
    static func told(passedOn standing: StandingResult?) -> String {
        standing.map { "passed on evidence of \($0.at), run \($0.run)" } ?? Action.check.outcome
    }

    /// What is warned of meanwhile, with the flags and the commands that mend it.
    static func told(of warning: Diagnostic) -> String {
        let told = FlagFixes.told(warning)
        return told.detail + (told.fix.map { " \($0)" } ?? "")
    }

    /// What is said of a gate that did not pass.
    static func told(overriddenBecause reason: String) -> String {
        "not passed, and overridden: \(Printable.oneLine(reason))"
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
        case .check: "checking"
        case .promote: "promoting"
        case .propose: "proposing"
        }
    }

    /// What became of the object that it was done to.
    var outcome: String { self == .check ? "passed" : past }

    var past: String {
        switch self {
        case .keep: "kept"
        case .adopt: "adopted"
        case .create: "created"
        case .update: "changed"
        case .replace: "replaced"
        case .delete: "deleted"
        case .forget: "forgotten"
        case .check: "checked"
        case .promote: "promoted"
        case .propose: "proposed"
        }
    }
}
