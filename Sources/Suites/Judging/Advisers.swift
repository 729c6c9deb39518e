import Language
package import Runtime

/// What can be asked between an answer and its evaluation: judges, an embedding model, and programs.
package struct Advisers: Sendable {
    /// The vectors of texts, in their order, by a model as the spec names it; nil is the only one that the stack declares.
    package typealias Embed = @Sendable (_ model: String?, _ texts: [String]) async throws -> [[Double]]
    /// What runs a program that judges.
    package typealias Program = @Sendable (ProgramQuestion) -> any FunctionHandler

    /// Where judges run; nil when there is no server of models at hand.
    private let runtime: (any AgentRuntime)?
    private let embed: Embed?
    /// Nil when programs may not be run.
    private let program: Program?

    /// Nobody can be asked.
    package static let none = Advisers()

    package init(judges runtime: (any AgentRuntime)? = nil, embed: Embed? = nil, program: Program? = nil) {
        self.runtime = runtime
        self.embed = embed
        self.program = program
    }

    /// Asks all that is wanted about an answer, at the same time as far as there are slots.
    func feedback(
        _ inquiries: [Inquiry], about turn: JudgedTurn, judges: [String: Judge], within bounds: InquiryBounds
    ) async throws(CancellationError) -> FeedbackByInquiry {
        guard !inquiries.isEmpty else {
            if Task.isCancelled { throw CancellationError() }
            return [:]
        }
        let feedback = await withTaskGroup(of: (Inquiry, Result<Feedback, Unobservable>?).self) { group in
            for inquiry in Set(inquiries) {
                group.addTask {
                    guard case .judge(let name, let atLeast) = inquiry else {
                        return (inquiry, await answer(to: inquiry, turn, bounds))
                    }
                    guard let judge = judges[name], let runtime else { return (inquiry, .failure(.nobody(name))) }
                    let jury = Jury(judge: judge, runtime: runtime, bounds: bounds)
                    // Cancellation is the only error.
                    let ballot = try? await jury.ballot(about: turn, atLeast: atLeast)
                    return (inquiry, ballot.map { .success(.ballot($0)) })
                }
            }
            var all: FeedbackByInquiry = [:]
            for await (inquiry, feedback) in group { all[inquiry] = feedback }
            return all
        }
        if Task.isCancelled { throw CancellationError() }
        return feedback
    }

    /// - Returns: nil when the task was cancelled.
    private func answer(
        to inquiry: Inquiry, _ turn: JudgedTurn, _ bounds: InquiryBounds
    ) async -> Result<Feedback, Unobservable>? {
        do {
            return .success(try await bounds.asking { try await asked(inquiry, turn) })
        } catch is CancellationError where Task.isCancelled {
            return nil
        } catch {
            return .failure(.broken(inquiry, error))
        }
    }

    private func asked(_ inquiry: Inquiry, _ turn: JudgedTurn) async throws -> Feedback {
        switch inquiry {
        case .judge(let name, _): throw Unobservable.nobody(name)
        case .similarity(let question):
            guard let embed else { throw NotToRepeat(reason: "no server of models is at hand") }
            let texts = [question.text, turn.answer.text].map { question.isRaw ? $0 : ComparedText($0).text }
            let vectors = try await embed(question.model, texts)
            guard vectors.count == 2, let cosine = Similarity.cosine(vectors[0], vectors[1]) else {
                throw Unobservable("the vectors of the two texts cannot be compared")
            }
            return .similarity(cosine)
        case .program(let question):
            guard let program else { throw NotToRepeat(reason: "programs may not be run here; allow them") }
            return .program(try ProgramVerdict(output: await program(question).call(turn.programInput)))
        }
    }
}

/// How near two texts are, by their vectors.
enum Similarity {
    /// The cosine of the angle between two vectors; nil when they have different lengths, or one of them none.
    static func cosine(_ left: [Double], _ right: [Double]) -> Double? {
        guard left.count == right.count else { return nil }
        let (a, b) = (length(left), length(right))
        guard a > 0, b > 0, a.isFinite, b.isFinite else { return nil }
        let product = zip(left, right).reduce(0) { $0 + ($1.0 / a) * ($1.1 / b) }
        return min(1, max(-1, product))
    }

    private static func length(_ vector: [Double]) -> Double {
        vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
}

extension Unobservable {
    fileprivate static func nobody(_ judge: String) -> Unobservable {
        Unobservable("The judge `\(judge)` cannot be asked: no server of models is at hand.")
    }

    fileprivate static func broken(_ inquiry: Inquiry, _ error: any Error) -> Unobservable {
        let who =
            switch inquiry {
            case .judge(let name, _): "The judge `\(name)` could not be heard"
            case .similarity: "How similar the answer is could not be found out"
            case .program(let question): "The program `\(question.command.value.first ?? "")` gave no verdict"
            }
        let reason =
            switch error {
            case let error as NotToRepeat: error.reason
            case let error as Unobservable: error.reason
            case let error as FunctionFailure: error.message
            case let error as Diagnostic: error.detail
            case let error as any Diagnosable: error.diagnostic(address: nil).detail
            case _: "\(error). This is a bug in drover"
            }
        return Unobservable("\(who): \(reason)\(reason.hasSuffix(".") ? "" : ".")")
    }
}
