import Language
import Runtime

/// Asks a judge for its votes.
struct Jury: Sendable {
    let judge: Judge
    let runtime: any AgentRuntime
    let bounds: InquiryBounds

    private struct Voice: Sendable {
        let vote: Ballot.Vote
        let usage: Answer.Usage?
    }

    /// The votes about an answer, taken at the same time as far as there are slots. One that breaks makes all of it unknown.
    ///
    /// - Parameter atLeast: The least mark that passes, of a judge that gives marks; nil for the one above the middle.
    func ballot(about turn: JudgedTurn, atLeast: Int?) async throws(CancellationError) -> Result<Ballot, Unobservable> {
        if atLeast != nil, judge.scale == nil { return .failure(.noMarks(judge)) }
        let question = JudgePrompt.question(about: turn)
        let voices = await withTaskGroup(of: (Int, Result<Voice, Unobservable>?).self) { group in
            for number in 1...max(1, judge.votes) {
                group.addTask { (number, await voice(number, on: question)) }
            }
            var voices: [Int: Result<Voice, Unobservable>] = [:]
            for await (number, voice) in group { voices[number] = voice }
            return voices.sorted { $0.key < $1.key }.map(\.value)
        }
        if Task.isCancelled { throw CancellationError() }
        do throws(Unobservable) {
            let heard = try voices.map { voice throws(Unobservable) in try voice.get() }
            return .success(
                Ballot(
                    judge: judge.name, model: judge.model, votes: heard.map(\.vote), scale: judge.scale,
                    atLeast: atLeast ?? judge.passMark, minAgreement: judge.minAgreement,
                    usage: .sum(heard.map(\.usage))))
        } catch {
            return .failure(error)
        }
    }

    /// - Returns: nil when the task was cancelled.
    private func voice(_ number: Int, on question: String) async -> Result<Voice, Unobservable>? {
        let agent = judge.definition(vote: number)
        var attempts = 0
        while true {
            do {
                let voice = try await bounds.asking { try await heard(agent, question) }
                guard let voice else { throw Unobservable("it took longer than \(bounds.timeout.exact)") }
                return .success(voice)
            } catch {
                if Task.isCancelled { return nil }
                attempts += 1
                guard attempts > bounds.retries else { continue }
                return .failure(.broken(judge, error))
            }
        }
    }

    /// One vote; a reply in another format is asked for once more.
    private func heard(_ agent: AgentDefinition, _ question: String) async throws -> Voice {
        try await runtime.withConversation(with: agent) { conversation in
            let first = try await reply(to: question, in: conversation)
            do throws(Ballot.Vote.Malformed) {
                return Voice(vote: try Ballot.Vote(reply: first.text, scale: judge.scale), usage: first.usage)
            } catch {
                let reminder = JudgePrompt.reminder(of: judge, because: error.reason)
                let second = try await reply(to: reminder, in: conversation)
                let vote = try Ballot.Vote(reply: second.text, scale: judge.scale)
                return Voice(vote: vote, usage: .sum([first.usage, second.usage]))
            }
        }
    }

    private func reply(to question: String, in conversation: any AgentConversation) async throws -> Answer {
        let answer = try await conversation.ask(AgentRequest(question), timeout: bounds.timeout) { _ in }
        guard answer.status == .completed else {
            throw Unobservable("its reply is \(answer.status.rawValue)\(answer.error.map { ": \($0)" } ?? "")")
        }
        return answer
    }
}

extension Unobservable {
    /// A judge that gave no vote.
    fileprivate static func broken(_ judge: Judge, _ error: any Error) -> Unobservable {
        let reason =
            switch error {
            case let error as Ballot.Vote.Malformed: error.reason
            case let error as Unobservable: error.reason
            case _: Diagnostic.describing(error, of: "judges.\(judge.name)", at: judge.range).detail
            }
        let end = reason.hasSuffix(".") ? "" : "."
        return Unobservable("The judge `\(judge.name)` could not be heard: \(reason)\(end)")
    }

    fileprivate static func noMarks(_ judge: Judge) -> Unobservable {
        Unobservable("`atLeast` asks for a mark, and the judge `\(judge.name)` has no `scale`.")
    }
}
