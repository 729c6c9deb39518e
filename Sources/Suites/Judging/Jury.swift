import Language
import Runtime
import Synchronization

/// Asks a judge for its votes.
struct Jury: Sendable {
    let judge: Judge
    let runtime: any AgentRuntime
    let bounds: InquiryBounds

    /// One vote, or why it could not be had, with what was used for it.
    private struct Voice: Sendable {
        let vote: Result<Ballot.Vote, Unobservable>
        let usage: [Answer.Usage?]
    }

    /// The votes about an answer, taken at the same time as far as there are slots. One that breaks makes all of it unknown.
    ///
    /// - Parameter atLeast: The least mark that passes, of a judge that gives marks; nil for the one above the middle.
    func ballot(about turn: JudgedTurn, atLeast: Int?) async throws(CancellationError) -> Ballot {
        if atLeast != nil, judge.scale == nil { return ballot([], atLeast, broken: .noMarks(judge)) }
        let question = JudgePrompt.question(about: turn)
        let voices = await withTaskGroup(of: (Int, Voice).self) { group in
            for number in 1...max(1, judge.votes) {
                group.addTask { (number, await voice(number, on: question)) }
            }
            var voices: [Int: Voice] = [:]
            for await (number, voice) in group { voices[number] = voice }
            return voices.sorted { $0.key < $1.key }.map(\.value)
        }
        if Task.isCancelled { throw CancellationError() }
        let problem = voices.lazy.compactMap { voice -> Unobservable? in
            guard case .failure(let problem) = voice.vote else { return nil }
            return problem
        }.first
        return ballot(voices, atLeast, broken: problem)
    }

    private func ballot(_ voices: [Voice], _ atLeast: Int?, broken problem: Unobservable?) -> Ballot {
        Ballot(
            judge: judge.name, model: judge.model, votes: voices.compactMap { try? $0.vote.get() }, scale: judge.scale,
            atLeast: atLeast ?? judge.passMark, minAgreement: judge.minAgreement,
            usage: .sum(voices.flatMap(\.usage)), broken: problem?.reason)
    }

    /// What was used for a vote, so far; it counts when the vote breaks, too.
    private typealias Spent = Mutex<[Answer.Usage?]>

    private func voice(_ number: Int, on question: String) async -> Voice {
        let agent = judge.definition(vote: number)
        let spent = Spent([])
        do {
            let vote = try await bounds.asking { try await heard(agent, question, spent) }
            return Voice(vote: .success(vote), usage: spent.withLock { $0 })
        } catch {
            return Voice(vote: .failure(.broken(judge, error)), usage: spent.withLock { $0 })
        }
    }

    /// One vote; a reply in another format is asked for once more.
    private func heard(_ agent: AgentDefinition, _ question: String, _ spent: borrowing Spent) async throws
        -> Ballot.Vote
    {
        try await runtime.withConversation(with: agent) { conversation in
            let first = try await reply(to: question, in: conversation)
            spent.withLock { $0.append(first.usage) }
            do throws(Ballot.Vote.Malformed) {
                return try Ballot.Vote(reply: first.text, scale: judge.scale)
            } catch {
                let reminder = JudgePrompt.reminder(of: judge, because: error.reason)
                let second = try await reply(to: reminder, in: conversation)
                spent.withLock { $0.append(second.usage) }
                do throws(Ballot.Vote.Malformed) {
                    return try Ballot.Vote(reply: second.text, scale: judge.scale)
                } catch {
                    throw Unobservable("\(error.reason): \(QuotedReply.words(second.text))")
                }
            }
        }
    }

    /// What the model's server puts off is asked again as soon as it wants it, as of an agent: only the time for the vote
    /// limits that.
    private func reply(to question: String, in conversation: any AgentConversation) async throws -> Answer {
        var pauses = PutOffPauses()
        while true {
            let answer = try await conversation.ask(AgentRequest(question), timeout: bounds.timeout) { _ in }
            if answer.status == .failed, let putOff = answer.putOff {
                try await bounds.clock.sleep(for: pauses.next(after: putOff))
                continue
            }
            guard answer.status == .completed else {
                throw Unobservable("its reply is \(answer.status.rawValue)\(answer.error.map { ": \($0)" } ?? "")")
            }
            return answer
        }
    }
}

extension Unobservable {
    /// A judge that gave no vote.
    fileprivate static func broken(_ judge: Judge, _ error: any Error) -> Unobservable {
        let reason =
            switch error {
            case let error as Unobservable: error.reason
            case _: Diagnostic.from(error, at: "judges.\(judge.name)", in: judge.range.firstLine).detail
            }
        let end = reason.hasSuffix(".") ? "" : "."
        return Unobservable("The judge `\(judge.name)` could not be heard: \(reason)\(end)")
    }

    fileprivate static func noMarks(_ judge: Judge) -> Unobservable {
        Unobservable("`atLeast` asks for a mark, and the judge `\(judge.name)` has no `scale`.")
    }
}
