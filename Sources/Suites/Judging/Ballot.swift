package import Runtime

/// The votes of a judge about one answer; the majority decides.
package struct Ballot: Sendable, Hashable, Codable {
    /// One vote: yes or no, or a mark, with its reason.
    package struct Vote: Sendable, Hashable, Codable {
        /// Nil for a judge that gives marks.
        package let passes: Bool?
        /// From 1, the worst.
        package let mark: Int?
        package let reason: String

        package init(passes: Bool? = nil, mark: Int? = nil, reason: String) {
            self.passes = passes
            self.mark = mark
            self.reason = reason
        }
    }

    /// What the votes come to.
    package struct Decision: Sendable, Hashable {
        package let passes: Bool
        /// The share of votes for it.
        package let agreement: Double
        /// The reasons of those votes.
        package let reasons: [String]
    }

    /// The declared name of the judge.
    package let judge: String
    /// The server's id of its model.
    package let model: String
    package let votes: [Vote]
    /// The best mark, of a judge that gives marks.
    package let scale: Int?
    /// The least mark that passes, of a judge that gives marks.
    package let atLeast: Int?
    /// The least agreement that decides.
    package let minAgreement: Double?
    /// The tokens of all votes; nil when the server does not tell them.
    package let usage: Answer.Usage?
    /// Why it decides nothing, whatever the votes are: one of them could not be had. Nil when all are there.
    package let broken: String?

    package init(
        judge: String, model: String, votes: [Vote], scale: Int? = nil, atLeast: Int? = nil,
        minAgreement: Double? = nil, usage: Answer.Usage? = nil, broken: String? = nil
    ) {
        self.broken = broken
        self.judge = judge
        self.model = model
        self.votes = votes
        self.scale = scale
        self.atLeast = atLeast
        self.minAgreement = minAgreement
        self.usage = usage
    }

    /// - Throws: When the votes decide nothing.
    package func decision() throws(Unobservable) -> Decision {
        if let broken { throw Unobservable(broken) }
        let yes = votes.filter(passes)
        let no = votes.filter { !passes($0) }
        guard yes.count != no.count else {
            throw Unobservable(
                "The judge `\(judge)` is divided: \(yes.count) of \(votes.count) votes are for the answer.")
        }
        let majority = yes.count > no.count ? yes : no
        let agreement = Double(majority.count) / Double(votes.count)
        guard agreement >= minAgreement ?? 0 else {
            throw Unobservable(
                "The judge `\(judge)` does not agree with itself: \(majority.count) of \(votes.count) votes say the same, "
                    + "and `minAgreement` is \(minAgreement ?? 0).")
        }
        return Decision(passes: yes.count > no.count, agreement: agreement, reasons: majority.map(\.reason))
    }

    /// The middle of the marks; nil for a judge that gives none.
    package var mark: Double? {
        let marks = votes.compactMap(\.mark).sorted()
        guard !marks.isEmpty else { return nil }
        return Double(marks[(marks.count - 1) / 2] + marks[marks.count / 2]) / 2
    }

    /// Whether a vote is for the answer.
    package func passes(_ vote: Vote) -> Bool {
        vote.passes ?? ((vote.mark ?? 0) >= atLeast ?? .max)
    }
}
