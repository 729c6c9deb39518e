import Language
import Suites

/// What a live display of a run of suites shows: a bar, the samples that are running, and what failed first.
///
///     ✗ golden/ticket: The answer does not contain `30 days`.
///       golden/refund-window, 3.1 s
///       golden/tokens[row 3], 0.4 s
///       ████████░░░░░░░░░░░░ 41 of 100 samples, 1 case failed, 12.4 s, 3.4/s, 18 s left
struct TestBoard {
    /// How many cases are told as they fail; the others are counted, and told at the end.
    private static let told = 10
    private static let longestReason = 200
    /// Without a terminal: the share of samples, and the time, after which the counter is told again.
    private static let steps = 10
    private static let pause = Duration.seconds(10)

    private let start: ContinuousClock.Instant
    private var samples = 0
    private var finished = 0
    private var running: [(id: CaseID, since: ContinuousClock.Instant)] = []
    /// Why the first sample that did not pass did not, for cases that are not over.
    private var reasons: [CaseID: String] = [:]
    private var counts: [Verdict: Int] = [:]
    private var counted: (finished: Int, at: ContinuousClock.Instant)

    init(start: ContinuousClock.Instant) {
        self.start = start
        counted = (0, start)
    }

    /// - Returns: What is to be told for good.
    mutating func take(_ event: SuiteEvent, at now: ContinuousClock.Instant) -> String? {
        switch event {
        case .started(let samples):
            self.samples = samples
        case .sampleStarted(let id):
            running.append((id, now))
        case .sampleFinished(let finished):
            self.finished += 1
            if let index = running.firstIndex(where: { $0.id == finished.id }) { running.remove(at: index) }
            if finished.sample.verdict != .passed, reasons[finished.id] == nil {
                reasons[finished.id] = finished.sample.firstReason
            }
        case .caseFinished(let id, let verdict, let notRun):
            let reason = reasons.removeValue(forKey: id) ?? notRun?.detail
            counts[verdict, default: 0] += 1
            return told(id, verdict, because: reason)
        case .suiteFinished:
            break
        }
        return nil
    }

    private func told(_ id: CaseID, _ verdict: Verdict, because reason: String?) -> String? {
        let missed = counts[.failed, default: 0] + counts[.inconclusive, default: 0]
        guard verdict != .passed, missed <= Self.told else { return nil }
        let words = reason.map { ": \($0.split(whereSeparator: \.isNewline).joined(separator: " "))" } ?? ""
        let line = Printable.text("\(verdict == .failed ? "✗" : "?") \(id)\(words.excerpt(Self.longestReason))")
        return missed < Self.told ? line : "\(line)\nWhat else does not pass is counted, and told at the end."
    }

    /// The lines of a live display, as many as there is room for.
    func lines(at now: ContinuousClock.Instant, room: Int) -> [String] {
        var lines = running.map { Printable.text("  \($0.id), \((now - $0.since).spelled)") }
        let room = max(1, room - 1)
        if lines.count > room { lines = lines.prefix(room - 1) + ["  … and \(lines.count - room + 1) more"] }
        return lines + ["  \(RunningLine.bar(finished, of: samples)) \(counter(at: now))"]
    }

    /// `41 of 100 samples, 1 case failed, 12.4 s, 3.4/s, 18 s left`.
    func counter(at now: ContinuousClock.Instant) -> String {
        let missed = [(Verdict.failed, "failed"), (.inconclusive, "inconclusive")].compactMap { verdict, word in
            counts[verdict].map { "\($0) \($0 == 1 ? "case" : "cases") \(word)" }
        }
        return (["\(finished) of \(samples) samples"] + missed + [(now - start).spelled] + pace(at: now))
            .joined(separator: ", ")
    }

    /// The counter, where it is a line for each: when a tenth of all samples is done or some time has gone since the last.
    mutating func dueCounter(at now: ContinuousClock.Instant) -> String? {
        guard finished > counted.finished else { return nil }
        let isStep = samples > 0 && finished * Self.steps / samples > counted.finished * Self.steps / samples
        guard (isStep && now - counted.at >= .seconds(1)) || now - counted.at >= Self.pause else { return nil }
        counted = (finished, now)
        return counter(at: now)
    }

    private func pace(at now: ContinuousClock.Instant) -> [String] {
        let seconds = (now - start) / .seconds(1)
        guard finished > 1, seconds > 1, finished < samples else { return [] }
        let rate = Double(finished) / seconds
        let left = Duration.seconds((Double(samples - finished) / rate).rounded(.up))
        return [rate < 10 ? "\((rate * 10).rounded() / 10)/s" : "\(Int(rate.rounded()))/s", "\(left.spelled) left"]
    }
}

extension Sample {
    /// What was wrong with it first.
    fileprivate var firstReason: String? {
        for outcome in turns.flatMap(\.outcomes) {
            switch outcome.result {
            case .passed: continue
            case .failed(let mismatch): return mismatch.reason
            case .error(let reason): return problem?.detail ?? reason
            }
        }
        return problem?.detail
    }
}
