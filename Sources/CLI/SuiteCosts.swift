import Engine
import Reports
import Suites
import Wire

/// What a run of a suite asks, and what that costs by what its last run used.
struct SuiteCosts: Sendable {
    /// The number of all cases of the suite.
    let cases: Int
    /// Those that are asked, in declaration order.
    let asked: [EndangeredSuite.Case]
    /// Nil when not all of it is known.
    let tokens: Int?

    /// - Parameters:
    ///   - suite: As it is asked.
    ///   - id: MLflow's id of the experiment where its runs are; nil where there is none.
    init(_ suite: TestSuite, inExperiment id: String?, on server: MLflowServer?) async throws {
        let last = try await server?.lastCosts(of: suite, inExperiment: id)
        cases = suite.cases.count
        asked = suite.cases.filter { $0.repetition.wanted > 0 }.map { each in
            EndangeredSuite.Case(name: each.id.inSuite, tokens: last?.cases[each.id.description]?.tokens(for: each))
        }
        let known = asked.compactMap(\.tokens)
        let sum = known.count == asked.count ? known.reduce(0, +) : nil
        tokens = suite.isRemainder ? sum : last?.whole ?? sum
    }

    /// `asks 3 of 40 cases, about 1200 tokens by its last run`; all of them: `runs, about …`.
    var told: String {
        (asked.count < cases ? "asks \(asked.count) of \(cases) cases" : "runs")
            + (tokens.map { ", about \($0) tokens by its last run" } ?? "")
    }
}

/// The tokens that a run of a whole suite used.
private struct SpentCosts {
    var whole: Int?
    /// By the ids of cases.
    var cases: [String: CaseCosts] = [:]
}

private struct CaseCosts {
    let tokens: Int
    /// One or more.
    let samples: Int

    /// Nil when not all of it is known.
    init?(_ recorded: VerdictsFile.Case) {
        let known = recorded.samples.compactMap(\.tokens)
        guard !known.isEmpty, known.count == recorded.samples.count else { return nil }
        (tokens, samples) = (known.reduce(0, +), known.count)
    }

    /// Of the samples that are missing, where some stand; else of as many as there were.
    func tokens(for testCase: TestCase) -> Int {
        guard let more = testCase.repetition.expected else { return tokens }
        return Int((Double(tokens) / Double(samples) * Double(more)).rounded())
    }
}

extension MLflowServer {
    /// So many runs are looked at for those of a whole suite, and so many of these are read.
    private static let (looked, read) = (20, 3)

    /// What the last evaluation run of a whole suite used, and of cases that it does not tell, those before it; nil when there
    /// is none.
    fileprivate func lastCosts(of suite: TestSuite, inExperiment id: String?) async throws -> SpentCosts? {
        guard let id else { return nil }
        let runs = try await latestRuns(
            Self.looked, inExperiments: [id], where: MLflowFilter.tag("drover.suite", suite.name))
        let whole = runs.filter { !$0.isOfPart }.prefix(Self.read)
        guard let newest = whole.first else { return nil }
        var costs = SpentCosts(whole: newest.totalTokens)
        for run in whole where costs.cases.count < suite.cases.count {
            for each in try await readableVerdicts(of: run)?.cases ?? [] where costs.cases[each.id] == nil {
                costs.cases[each.id] = CaseCosts(each)
            }
        }
        return costs
    }

    /// What the cases cost is an extra: a plan does not fail because artifacts cannot be read.
    private func readableVerdicts(of run: MLflowRun) async throws -> VerdictsFile? {
        do {
            return try await verdicts(of: run)
        } catch is WireError {
            return nil
        }
    }
}
