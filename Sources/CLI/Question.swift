import Engine
import FoundationEssentials
import Language
import Runtime
import Synchronization
import Wire

/// One question to an agent, whose answer streams to standard output, and whose trace goes to MLflow afterwards.
struct Question: Sendable {
    let text: String
    let timeout: Duration
    /// The destination of the trace; nil for none.
    let tracing: (server: MLflowServer, place: MLflowPlace)?

    /// Asks, streams the answer, and writes the trace, also of a failure; an interrupted question has no trace.
    ///
    /// - Parameter warn: Called with the reason when the trace is missing, which is never an error.
    func ask(
        _ agent: AgentDefinition, of runtime: any AgentRuntime, warn: (Diagnostic) -> Void
    ) async throws -> Answer {
        let recorder = TraceRecorder(agent, id: .random(), start: Date().nanoseconds)
        let (text, timeout) = (text, timeout)
        let speech = Speech()
        do {
            let answer = try await Interruption.cancelling {
                try await recorder.turn(text) { record in
                    try await runtime.ask(agent, AgentRequest(text), timeout: timeout) { event in
                        Self.show(event, speech)
                        record(event)
                    }
                }
            }
            // A refusal is not streamed.
            Console.out(speech.hasHappened ? speech.end() : Printable.block(answer.text))
            await write(recorder.trace(), warn: warn)
            return answer
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            await write(recorder.trace(failure: Diagnostic.from(error, at: nil).detail), warn: warn)
            throw error
        }
    }

    private func write(_ trace: Trace, warn: (Diagnostic) -> Void) async {
        guard let tracing else { return }
        if let warning = await AnswerTrace(trace, at: tracing.place).write(to: tracing.server) { warn(warning) }
    }

    private static func show(_ event: AgentEvent, _ speech: Speech) {
        switch event {
        case .text(let text): Console.stream(speech.shown(text))
        case .toolStarted(let name): Console.note("→ \(name)")
        case .toolFinished(let call): if let error = call.error { Console.note("✗ \(call.name): \(error)") }
        case .delegated(let tool, let event): showDelegated(event, by: tool)
        case .again, .finished: break
        }
    }

    /// Calls of agents as tools are shown like tools; their text goes to the calling agent.
    private static func showDelegated(_ event: AgentEvent, by tool: String) {
        switch event {
        case .toolStarted(let name): Console.note("→ \(tool) → \(name)")
        case .toolFinished(let call): if let error = call.error { Console.note("✗ \(tool) → \(call.name): \(error)") }
        case .delegated(let deeper, let event): showDelegated(event, by: "\(tool) → \(deeper)")
        case .text, .again, .finished: break
        }
    }
}

/// What an agent says while it says it, as it can be shown on a terminal.
private final class Speech: Sendable {
    private struct State {
        var hasHappened = false
        /// Whether the last piece ended with CR: the next one tells whether it is half a line end.
        var endsWithReturn = false
    }

    private let state = Mutex(State())

    var hasHappened: Bool {
        state.withLock { $0.hasHappened }
    }

    /// What of a piece can be shown now.
    func shown(_ piece: String) -> String {
        state.withLock { state in
            state.hasHappened = true
            var scalars = String.UnicodeScalarView((state.endsWithReturn ? "\r" : "").unicodeScalars)
            scalars.append(contentsOf: piece.unicodeScalars)
            state.endsWithReturn = scalars.last == "\r"
            if state.endsWithReturn { scalars.removeLast() }
            return Printable.block(String(scalars))
        }
    }

    /// The rest, when no more comes.
    func end() -> String {
        state.withLock { $0.endsWithReturn } ? Printable.text("\r") : ""
    }
}
