import Language
package import Runtime
import Wire

/// Asks a judge about answers that people judged.
package struct Calibrator: Sendable {
    /// What the judge said of one answer.
    package struct Opinion: Sendable, Hashable {
        package let row: Labels.Row
        /// Nil where it could not decide.
        package let passes: Bool?
        /// The judge's reason, or why it could not decide.
        package let reason: String
        /// Whether it could not decide because a vote of it could not be had.
        package let isBroken: Bool
    }

    private let judge: Judge
    private let runtime: any AgentRuntime
    private let concurrency: Int
    private let bounds: InquiryBounds

    /// - Parameters:
    ///   - concurrency: The number of votes that are asked for at a time.
    ///   - timeout: For one vote.
    package init(
        _ judge: Judge, at runtime: any AgentRuntime, clock: any Clock<Duration> = ContinuousClock(),
        concurrency: Int = 8, timeout: Duration = .seconds(60)
    ) {
        precondition(concurrency > 0, "Nothing runs with a concurrency of zero.")
        self.judge = judge
        self.runtime = runtime
        self.concurrency = concurrency
        bounds = InquiryBounds(timeout: timeout, retries: 1, clock: clock, slots: Slots(concurrency))
    }

    /// The opinions about all rows, in their order.
    /// - Parameter onProgress: Told how many there are, after each.
    package func opinions(
        on labels: Labels, onProgress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> [Opinion] {
        let opinions = await withTaskGroup(of: (Int, Opinion?).self) { group in
            var opinions: [Int: Opinion] = [:]
            var next = labels.rows.startIndex
            while opinions.count < labels.rows.count {
                while next < labels.rows.count, next - opinions.count < concurrency, !Task.isCancelled {
                    let (index, row) = (next, labels.rows[next])
                    group.addTask { (index, await opinion(on: row)) }
                    next += 1
                }
                guard case (let index, let opinion?)? = await group.next() else { break }
                opinions[index] = opinion
                onProgress(opinions.count)
            }
            return opinions
        }
        try Task.checkCancellation()
        return opinions.sorted { $0.key < $1.key }.map(\.value)
    }

    /// - Returns: nil when the task was cancelled.
    private func opinion(on row: Labels.Row) async -> Opinion? {
        let jury = Jury(judge: judge, runtime: runtime, bounds: bounds)
        let answer = Answer(status: .completed, text: row.answer, hasMessage: true)
        let turn = JudgedTurn(question: row.question, answer: answer)
        // Cancellation is the only error.
        guard let ballot = try? await jury.ballot(about: turn, atLeast: nil) else { return nil }
        do throws(Unobservable) {
            let decision = try ballot.decision()
            return Opinion(row: row, passes: decision.passes, reason: decision.reasons.first ?? "", isBroken: false)
        } catch {
            return Opinion(row: row, passes: nil, reason: error.reason, isBroken: ballot.broken != nil)
        }
    }
}

extension [Calibrator.Opinion] {
    /// Whether they say how good the judge is: it decided about an answer, and most of its votes could be had.
    package var sayHowGood: Bool {
        contains { $0.passes != nil } && 2 * count(where: \.isBroken) <= count
    }
}
