/// How many answers of a suite a judge found good.
struct JudgeTally: Sendable, Hashable {
    /// A judge, and the least mark that passes.
    struct Key: Sendable, Hashable {
        let judge: String
        let atLeast: Int?
        /// Whether an expectation asked for that mark, and not for the usual one.
        let isUnusual: Bool

        init(_ ballot: Ballot) {
            judge = ballot.judge
            atLeast = ballot.atLeast
            isUnusual = ballot.atLeast != ballot.scale.map(Judge.passMark(ofScale:))
        }
    }

    private(set) var passed = 0
    private(set) var decided = 0

    mutating func take(_ decision: Ballot.Decision) {
        decided += 1
        if decision.passes { passed += 1 }
    }
}

extension [JudgeTally.Key: JudgeTally] {
    /// The rates, by judge and mark. A calibration counts only for the mark that it was made with.
    func rates(_ calibrations: [String: Calibration]) -> [JudgedRate] {
        sorted { ($0.key.judge, $0.key.atLeast ?? 0) < ($1.key.judge, $1.key.atLeast ?? 0) }.compactMap { key, tally in
            JudgedRate(
                key.judge, atLeast: key.atLeast, passed: tally.passed, of: tally.decided,
                key.isUnusual ? nil : calibrations[key.judge])
        }
    }
}
