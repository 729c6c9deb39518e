import Language
import Runtime
import Synchronization

/// A runtime whose answers are given in advance, by the question; it counts what it was asked.
final class ScriptedRuntime: AgentRuntime {
    /// What happens when a question is put, for the first, second, … time; the last goes on for ever.
    enum Reply: Sendable {
        case answer(Answer)
        case error(Diagnostic)
        /// Breaks off after some events.
        case broken([AgentEvent], Diagnostic)
        /// Never ends, after some events.
        case stuck([AgentEvent])
        /// Never answers; ends when it is cancelled.
        case silence
        /// Answers when so many conversations are open at the same time.
        case meeting(of: Int, Answer)
        /// Answers when so many conversations are over.
        case after(Int, Answer)
    }

    struct Log: Sendable {
        var questions: [String] = []
        var conversations = 0
        var open = 0
        var mostOpen = 0
    }

    private let replies: [String: [Reply]]
    private let state = Mutex(Log())
    private let asked = Mutex<[String: Int]>([:])

    init(_ replies: [String: [Reply]]) {
        self.replies = replies
    }

    var log: Log { state.withLock { $0 } }

    func withConversation<Result: Sendable>(
        with agent: AgentDefinition,
        _ body: @Sendable (any AgentConversation) async throws -> Result
    ) async throws -> Result {
        state.withLock {
            $0.conversations += 1
            $0.open += 1
            $0.mostOpen = max($0.mostOpen, $0.open)
        }
        defer { state.withLock { $0.open -= 1 } }
        return try await body(Conversation(runtime: self))
    }

    private struct Conversation: AgentConversation {
        let runtime: ScriptedRuntime

        func ask(
            _ request: AgentRequest, timeout: Duration, onEvent: @Sendable (AgentEvent) async -> Void
        ) async throws -> Answer {
            try await runtime.reply(to: request.text ?? "", onEvent)
        }
    }

    private func reply(
        to input: String, _ onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        state.withLock { $0.questions.append(input) }
        let turn = asked.withLock { asked in
            defer { asked[input, default: 0] += 1 }
            return asked[input, default: 0]
        }
        guard let script = replies[input], let last = script.last else {
            throw Diagnostic("no-script", "No script", detail: "Nothing is scripted for `\(input)`.")
        }
        switch turn < script.count ? script[turn] : last {
        case .answer(let answer): return answer
        case .error(let problem): throw problem
        case .broken(let events, let problem):
            for event in events { await onEvent(event) }
            throw problem
        case .stuck(let events):
            for event in events { await onEvent(event) }
            await untilCancelled()
            throw CancellationError()
        case .silence:
            await untilCancelled()
            throw CancellationError()
        case .meeting(let count, let answer):
            try await wait { $0.mostOpen >= count }
            return answer
        case .after(let count, let answer):
            try await wait { $0.conversations - $0.open >= count }
            return answer
        }
    }

    /// Waits until something holds.
    /// - Throws: `CancellationError` when the task is cancelled first.
    func wait(until holds: (Log) -> Bool) async throws {
        while !holds(log) {
            try Task.checkCancellation()
            await Task.yield()
        }
    }
}

/// Waits without a clock until the task is cancelled.
func untilCancelled() async {
    let (stream, continuation) = AsyncStream<Never>.makeStream()
    await withTaskCancellationHandler {
        for await _ in stream {}
    } onCancel: {
        continuation.finish()
    }
}

/// A clock that stands still, or on which every wait is over at once.
struct TestClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration

        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    enum Behaviour: Sendable {
        case standingStill
        case rushing
    }

    let behaviour: Behaviour
    var now: Instant { Instant(offset: .zero) }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        switch behaviour {
        case .rushing: return
        case .standingStill:
            await untilCancelled()
            throw CancellationError()
        }
    }
}

extension Answer {
    /// A completed answer with a message and token usage.
    static func said(
        _ text: String, calls: [ToolCall] = [], cited: [String] = [], latency: Duration = .milliseconds(100),
        usage: Usage? = Usage(input: 10, output: 5)
    ) -> Answer {
        Answer(
            status: .completed, text: text, hasMessage: true, toolCalls: calls, cited: cited, usage: usage, steps: 1,
            latency: latency, timeToFirstToken: .milliseconds(10), streamedText: text)
    }
}

/// Ten characters of a line.
func place(_ line: UInt32) -> SourceRange {
    SourceRange(
        source: SourceID(index: 0), start: SourcePosition(line: line, column: 1),
        end: SourcePosition(line: line, column: 11))
}
