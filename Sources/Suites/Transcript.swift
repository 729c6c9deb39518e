import Language
import Runtime
import Synchronization

/// The turns of one conversation so far; they are kept when a deadline cancels its task.
final class Transcript: Sendable {
    private struct State {
        var turns: [AnsweredTurn] = []
        var hasEnded = false
        var change: String?
        var isAnswering = false
    }

    private let state = Mutex(State())

    func append(_ turn: AnsweredTurn) {
        state.withLock { $0.turns.append(turn) }
    }

    /// Marks the conversation as complete.
    func end() {
        state.withLock { $0.hasEnded = true }
    }

    /// Notes that a question is put, or that something of its answer came.
    func note(isAnswering: Bool) {
        state.withLock { $0.isAnswering = isAnswering }
    }

    /// Whether something came of the answer to the last question.
    var isAnswering: Bool {
        state.withLock { $0.isAnswering }
    }

    /// Notes a call of a tool that changes something.
    /// - Returns: Whether it is the first one.
    func note(changeBy tool: String) -> Bool {
        state.withLock { state in
            guard state.change == nil else { return false }
            state.change = tool
            return true
        }
    }

    /// The tool that was called first of those that change something; nil when none was.
    var change: String? {
        state.withLock { $0.change }
    }

    var turns: [AnsweredTurn] {
        state.withLock { $0.turns }
    }

    var hasEnded: Bool {
        state.withLock { $0.hasEnded }
    }
}

/// A question with its answer, before its expectations are evaluated.
struct AnsweredTurn: Sendable {
    let input: String
    let answer: Answer
    /// Empty where the server could not answer.
    let expectations: [KnownExpectation]
    /// What is known without them: what was captured, and whether there is a message.
    let outcomes: [AssertionOutcome]
    let captured: [String: Value]

    /// What must be asked before all of it can be evaluated. An answer without text is like no other.
    var inquiries: [Inquiry] {
        expectations.flatMap(\.inquiries).filter { inquiry in
            guard case .similarity = inquiry else { return true }
            return !answer.text.isEmpty
        }
    }

    /// Whether it may take long to judge it.
    var mayTakeLong: Bool {
        answer.text.utf8.count > 10_000 || expectations.contains(where: \.expectation.mayTakeLong)
            || !inquiries.isEmpty
    }

    func result(_ feedback: FeedbackByInquiry) -> TurnResult {
        let observation = Observation(answer, feedback)
        let message = outcomes.prefix { $0.name == AssertionOutcome.message }
        return TurnResult(
            input: input, answer: answer,
            outcomes: message + expectations.map { $0.outcome(for: observation) } + outcomes.dropFirst(message.count),
            captured: captured)
    }
}

/// An expectation with what it refers to, or why that cannot be put in.
struct KnownExpectation: Sendable {
    let expectation: Expectation
    private let resolved: Result<Expectation, Diagnostics>

    init(_ expectation: Expectation, _ lookUp: (Reference) -> Value?) {
        self.expectation = expectation
        do throws(Diagnostics) {
            resolved = .success(try expectation.resolved(lookUp))
        } catch {
            resolved = .failure(error)
        }
    }

    var inquiries: [Inquiry] {
        switch resolved {
        case .success(let expectation): expectation.inquiries
        case .failure: []
        }
    }

    func outcome(for observation: Observation) -> AssertionOutcome {
        AssertionOutcome(
            name: expectation.name, claim: expectation.claim, range: expectation.range,
            result: result(for: observation),
            ballots: inquiries.compactMap { observation.ballot(of: $0) })
    }

    private func result(for observation: Observation) -> AssertionOutcome.Result {
        do {
            return switch try resolved.get().evaluate(observation) {
            case .passed: .passed
            case .failed(let mismatch): .failed(mismatch)
            }
        } catch let error as Unobservable {
            return .error(error.reason)
        } catch {
            let problems = (error as? Diagnostics)?.all ?? []
            return .error(problems.map(\.detail).joined(separator: " "))
        }
    }
}

extension Observation {
    fileprivate func ballot(of inquiry: Inquiry) -> Ballot? {
        // Why there is none is the outcome's own reason.
        guard case .ballot(let ballot)? = try? feedback(of: inquiry) else { return nil }
        return ballot
    }
}
