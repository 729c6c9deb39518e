import FoundationEssentials
import Language
import Runtime
import Support
import Synchronization
import Testing

@testable import Suites

@Suite("Calibration of judges")
struct CalibrationTests {
    private let path = Located("labels.csv", at: place(3))

    @Test(
        "Labels that tell nothing are refused",
        arguments: [
            ("question,answer\na,b\n", "bad-labels"), ("text,label\na,pass\n", "bad-labels"),
            ("answer,label\na,yes\nb,fail\n", "bad-labels"), ("answer,label\n", "bad-table"), ("", "bad-table"),
            ("answer,label\na,pass\nb,pass\n", "one-class"), ("answer,label\na,fail\n", "one-class"),
        ])
    func badLabels(text: String, code: String) {
        do {
            _ = try Labels(text, of: path)
            Issue.record("\(text) is no labels.")
        } catch {
            #expect(error.all.map(\.code.name) == [code])
            #expect(error.all.allSatisfy { $0.subject == place(3) && $0.fix != nil })
        }
    }

    @Test("A judge is compared with every label, and what it cannot decide is counted apart")
    func compared() async throws {
        let labels = try Labels(
            "question,answer,label\nq,good one,pass\nq,good two,pass\nq,bad one,fail\nq,bad two,fail\nq,odd,fail\n",
            of: path)
        let runtime = ScriptedJudge { _, question, _ in
            if question.contains("odd") || question.hasPrefix("That is not") { return .said("hm") }
            return .said(question.contains("one") ? pass : fail)
        }
        let told = TellTale()
        let opinions = try await Calibrator(
            judge(), at: runtime, clock: TestClock(behaviour: .standingStill), concurrency: 2
        ).opinions(on: labels) { told.say($0) }
        #expect(opinions.map(\.passes) == [true, false, true, false, nil])
        #expect(told.last == 5)
        let calibration = Calibration(judge(), by: labels, opinions.map(\.passes), at: "2026-06-01T12:00:00Z")
        #expect(calibration.sensitivity?.value == 0.5)
        #expect(calibration.specificity?.value == 0.5)
        #expect(calibration.agreement == 0.4)
        #expect(calibration.undecided == 1)
        let read = try Value(json: calibration.text.utf8).decoded(as: Calibration.self)
        #expect(read == calibration)
    }

    @Test("A judge with minAgreement gates only when it was calibrated and agrees that far")
    func gates() throws {
        let labels = try Labels("answer,label\na,pass\nb,fail\n", of: path)
        #expect(judge().gateProblem == nil)
        var strict = judge(minAgreement: 0.9)
        #expect(strict.gateProblem?.code == "judge-not-calibrated")
        strict.calibration = Calibration(strict, by: labels, [true, true], at: "")
        #expect(strict.gateProblem?.code == "judge-disagrees")
        strict.calibration = Calibration(strict, by: labels, [true, false], at: "")
        #expect(strict.gateProblem == nil)
    }

    @Test("A kept calibration counts for the same judge, unless its numbers cannot be counted")
    func kept() async throws {
        let labels = try Labels("answer,label\na,pass\nb,fail\n", of: path)
        let text = try Calibration(judge(), by: labels, [true, false], at: "").text
        try await withTemporaryDirectory { directory in
            try FileManager.default.createDirectory(
                atPath: "\(directory)/calibrations", withIntermediateDirectories: false)
            let folder = SpecFolder(root: directory) { _ in directory }
            for (count, counts) in [("1", true), ("9223372036854775807", false), ("-1", false)] {
                let edited = text.replacing("\"badFailed\":1", with: "\"badFailed\":\(count)")
                try Data(edited.utf8).write(to: URL(filePath: "\(directory)/calibrations/grounded.json"))
                #expect((Calibration.kept(of: judge(), in: folder) != nil) == counts, "\(count)")
            }
        }
    }

    @Test("What a judge cannot decide is no agreement")
    func undecided() throws {
        let labels = try Labels("answer,label\na,pass\nb,fail\nc,fail\nd,pass\n", of: path)
        var strict = judge(minAgreement: 0.6)
        strict.calibration = Calibration(strict, by: labels, [true, false, nil, nil], at: "")
        #expect(strict.calibration?.agreement == 0.5 && strict.calibration?.all == 4)
        #expect(strict.gateProblem?.code == "judge-disagrees")
        #expect(strict.gateProblem?.detail.contains("in 2 of 4 answers (0.5), and may gate only from 0.6 on") == true)
    }

    @Test(
        "Opinions say how good a judge is when most votes could be had",
        arguments: [([String](), true), (["xq2"], true), (["xq2", "xq3"], true), (["xq1", "xq2", "xq3"], false)])
    func heard(broken: [String], says: Bool) async throws {
        let labels = try Labels("answer,label\nxq1,pass\nxq2,fail\nxq3,fail\nxq4,pass\n", of: path)
        let runtime = ScriptedJudge { _, question, _ in
            guard !broken.contains(where: question.contains) else {
                throw Diagnostic("server-error", "Server error", detail: "503")
            }
            return .said(pass)
        }
        let opinions = try await Calibrator(judge(), at: runtime, clock: TestClock(behaviour: .standingStill))
            .opinions(on: labels)
        #expect(opinions.count(where: \.isBroken) == broken.count && opinions.sayHowGood == says)
    }

    private func calibration(_ goodPassed: Int, _ goodFailed: Int, _ badPassed: Int, _ badFailed: Int) throws
        -> Calibration
    {
        let good = Array(repeating: "a,pass\n", count: goodPassed + goodFailed).joined()
        let bad = Array(repeating: "a,fail\n", count: badPassed + badFailed).joined()
        let labels = try Labels("answer,label\n" + good + bad, of: path)
        let decisions =
            Array(repeating: true, count: goodPassed) + Array(repeating: false, count: goodFailed)
            + Array(repeating: true, count: badPassed) + Array(repeating: false, count: badFailed)
        return Calibration(judge(), by: labels, decisions, at: "")
    }

    @Test("A rate is corrected for what the judge gets wrong, and its interval is wider than the judge's own")
    func corrected() throws {
        let known = try calibration(90, 10, 20, 80)
        let rate = try #require(JudgedRate("grounded", atLeast: nil, passed: 62, of: 100, known))
        let corrected = try #require(rate.corrected)
        #expect(abs(corrected.value - 0.6) < 1e-12)  // (0.62 + 0.8 - 1) / (0.9 + 0.8 - 1)
        #expect(corrected.interval.low < corrected.value && corrected.value < corrected.interval.high)
        let width = { (interval: Interval) in interval.high - interval.low }
        #expect(width(corrected.interval) > width(rate.observed.interval))
        #expect(JudgedRate("grounded", atLeast: nil, passed: 62, of: 100, nil)?.corrected == nil)
        #expect(JudgedRate("grounded", atLeast: nil, passed: 0, of: 0, known) == nil)
        // No better than chance.
        #expect(
            JudgedRate("grounded", atLeast: nil, passed: 62, of: 100, try calibration(5, 5, 5, 5))?.corrected == nil)
    }

    @Test("The corrected interval holds the true rate in about 95 of 100 suites", arguments: [0.3, 0.6, 0.9])
    func coverage(truth: Double) throws {
        var random = SeededGenerator(seed: 7)
        func count(_ probability: Double, of trials: Int) -> Int {
            (0..<trials).count { _ in Double.random(in: 0..<1, using: &random) < probability }
        }
        var held = 0
        let runs = 1_000
        for _ in 0..<runs {
            let goodPassed = count(0.9, of: 60)
            let badFailed = count(0.85, of: 60)
            let known = try calibration(goodPassed, 60 - goodPassed, 60 - badFailed, badFailed)
            let good = count(truth, of: 100)
            let passed = count(0.9, of: good) + count(0.15, of: 100 - good)
            guard let estimate = JudgedRate.corrected(passed, of: 100, by: known) else { continue }
            if estimate.interval.low <= truth, truth <= estimate.interval.high { held += 1 }
        }
        // Three standard errors of 1,000 draws at 95 % are 0.021.
        #expect(Double(held) / Double(runs) > 0.929)
        #expect(Double(held) / Double(runs) < 0.995)
    }
}

/// Keeps what it was told last.
private final class TellTale: Sendable {
    private let state = Mutex(0)

    var last: Int { state.withLock { $0 } }

    func say(_ number: Int) {
        state.withLock { $0 = max($0, number) }
    }
}
