import Language
import Runtime
package import Suites

/// The report for CI servers: JUnit XML, valid by the Jenkins xUnit schema `junit-10.xsd` save for `file` and `line`.
///
///     <?xml version="1.0" encoding="UTF-8"?>
///     <testsuites name="helpdesk" tests="2" failures="1" errors="0" time="4.600">
///       <testsuite name="golden" tests="2" failures="1" errors="0" skipped="0" time="4.600" timestamp="…">
///         <properties>
///           <property name="agent" value="support"/>
///         </properties>
///         <testcase name="refund window" classname="helpdesk.golden" time="1.200" file="helpdesk.yaml" line="9"/>
///         <testcase name="ticket" classname="helpdesk.golden" time="3.400" file="helpdesk.yaml" line="14">
///           <failure message="The answer does not contain `30 days`." type="assertion-failed">…</failure>
///           <system-out>&gt; Open a ticket.&#10;Sorry.</system-out>
///         </testcase>
///       </testsuite>
///     </testsuites>
///
/// What a suite as a whole missed, such as a threshold, is a `testcase` too: a server that counts these sees that it is not
/// passed. A wrong answer is a `failure`; an inconclusive case is an `error`; a case that did not run, is in quarantine and did
/// not pass, or that the thresholds of a suite that passed allow to fail, is `skipped`: whoever reads it comes to the verdict
/// that drover comes to. `line` is the line of the first expectation that failed, else of the case.
package struct JUnitReport: Report {
    package static let format = "junit"

    package init() {}

    package func write(_ recorded: RecordedRun, to output: inout ReportOutput) throws {
        let run = recorded.run
        var xml = XMLWriter()
        let all = run.suites.flatMap(JUnitOutcome.all)
        let attributes = [
            ("name", run.stack), ("tests", "\(all.count)"), ("failures", "\(all.count { $0 == .failure })"),
            ("errors", "\(all.count { $0 == .error })"), ("time", run.duration.seconds),
        ]
        guard !run.suites.isEmpty else {
            xml.element("testsuites", attributes)
            return try output.write(xml.takeText())
        }
        xml.open("testsuites", attributes)
        for index in run.suites.indices { try write(suite: index, of: recorded, &xml, to: &output) }
        xml.close("testsuites")
        try output.write(xml.takeText())
    }

    private func write(
        suite index: Int, of recorded: RecordedRun, _ xml: inout XMLWriter, to output: inout ReportOutput
    ) throws {
        let suite = recorded.run.suites[index]
        xml.open("testsuite", attributes(of: suite, recorded))
        xml.element("properties", []) { xml in
            xml.element("property", [("name", "agent"), ("value", suite.agent)])
            xml.element("property", [("name", "drover"), ("value", recorded.run.version)])
            if let target = recorded.run.target {
                xml.element("property", [("name", "target"), ("value", target)])
            }
            for threshold in suite.thresholds {
                let value = "\(threshold.verdict.rawValue): \(threshold.actual), wanted \(threshold.wanted)"
                xml.element("property", [("name", "threshold.\(threshold.name)"), ("value", value)])
            }
            xml.element("property", [("name", "verdict"), ("value", suite.verdict.rawValue)])
        }
        for position in recorded.positions(ofSuite: index) {
            let more = recorded.tally(of: position).statistics.toKnowMore
            write(try recorded.result(of: position), in: suite, toKnowMore: more, of: recorded, to: &xml)
            try output.write(xml.takeText())
        }
        for shortfall in suite.shortfalls { write(shortfall, of: suite, recorded, to: &xml) }
        xml.close("testsuite")
    }

    private func attributes(of suite: SuiteResult, _ recorded: RecordedRun) -> [(String, String)] {
        let outcomes = JUnitOutcome.all(of: suite)
        let time = suite.cases.lazy.map(\.totalLatency).reduce(.zero, +)
        return [
            ("name", suite.suite), ("tests", "\(outcomes.count)"),
            ("failures", "\(outcomes.count { $0 == .failure })"), ("errors", "\(outcomes.count { $0 == .error })"),
            ("skipped", "\(outcomes.count { $0 == .skipped })"), ("time", time.seconds),
            ("timestamp", recorded.run.startedAt), ("file", recorded.sources[suite.range.source].path),
        ]
    }

    private func write(
        _ shortfall: SuiteResult.Shortfall, of suite: SuiteResult, _ recorded: RecordedRun, to xml: inout XMLWriter
    ) {
        xml.element(
            "testcase",
            [
                ("name", shortfall.name), ("classname", "\(recorded.run.stack).\(suite.suite)"), ("time", "0.000"),
                ("file", recorded.sources[shortfall.range.source].path), ("line", "\(shortfall.range.start.line)"),
            ]
        ) { xml in
            let attributes = [("message", shortfall.message), ("type", shortfall.code)]
            xml.element(shortfall.outcome.rawValue, attributes, text: shortfall.message)
        }
    }

    /// - Parameter more: What it would take to decide it; nil where it is decided.
    private func write(
        _ result: CaseResult, in suite: SuiteResult, toKnowMore more: String?, of recorded: RecordedRun,
        to xml: inout XMLWriter
    ) {
        let outcome = JUnitOutcome(
            result.verdict, decides: result.decides, hasSamples: !result.samples.isEmpty, in: suite)
        let allowed =
            suite.verdict == .passed && outcome == .skipped && result.decides
            ? "The thresholds of the suite allow it. " : ""
        let diagnostics = outcome == .success ? [] : result.diagnostics
        let place = diagnostics.compactMap(\.subject).first ?? result.range
        xml.element(
            "testcase",
            [
                ("name", result.title), ("classname", "\(recorded.run.stack).\(result.id.suite)"),
                ("time", result.totalLatency.seconds), ("file", recorded.sources[place.source].path),
                ("line", "\(place.start.line)"),
            ]
        ) { xml in
            if let first = diagnostics.first {
                let body = DiagnosticRenderer(sources: recorded.sources, colors: false).render(diagnostics)
                xml.element(
                    outcome.rawValue, [("message", allowed + first.detail), ("type", first.code.name)], text: body)
            } else if outcome != .success {
                // Nothing was wrong with what there is: it is not enough, or none was taken, because others had failed it.
                let isKnown = result.repetition.wanted == 0
                let reason =
                    isKnown
                    ? "It failed by samples of earlier runs, which count beside those of this one."
                    : more ?? "The samples that were taken do not decide it."
                let type = isKnown ? "case-failed" : "case-inconclusive"
                xml.element(outcome.rawValue, [("message", allowed + reason), ("type", type)], text: allowed + reason)
            }
            if !result.transcript.isEmpty { xml.element("system-out", [], text: result.transcript) }
        }
    }
}

/// JUnit's name for the result of a case; the raw value is the element.
private enum JUnitOutcome: String {
    case success
    case failure
    case error
    case skipped

    /// Those of the cases of a suite, and of what it missed as a whole.
    static func all(of suite: SuiteResult) -> [JUnitOutcome] {
        suite.cases.map { JUnitOutcome($0, in: suite) } + suite.shortfalls.map(\.outcome)
    }

    init(_ tally: CaseTally, in suite: SuiteResult) {
        self.init(tally.verdict, decides: tally.decides, hasSamples: tally.samples > 0, in: suite)
    }

    init(_ verdict: Verdict, decides: Bool, hasSamples: Bool, in suite: SuiteResult) {
        let isAllowed = suite.verdict == .passed
        switch verdict {
        case .passed: self = .success
        case .failed: self = decides && !isAllowed ? .failure : .skipped
        case .inconclusive: self = decides && hasSamples && !isAllowed ? .error : .skipped
        }
    }
}

extension CaseResult {
    /// The name as written, with the row and the values of a matrix where there are some.
    fileprivate var title: String {
        name + (id.variant.map { " \($0)" } ?? "")
    }

    /// All samples together.
    fileprivate var totalLatency: Duration {
        samples.map(\.latency).reduce(.zero, +)
    }

    /// The conversation: questions start with `> `.
    fileprivate var transcript: String {
        samples.flatMap(\.turns).map { "> \($0.input)\n\($0.answer.text)" }.joined(separator: "\n")
    }
}

extension SuiteResult {
    /// What a suite as a whole did not reach.
    fileprivate struct Shortfall {
        let name: String
        let outcome: JUnitOutcome
        let message: String
        let code: String
        let range: SourceRange
    }

    /// The thresholds that were not reached; where neither these nor a case say why the suite did not pass, the suite itself.
    fileprivate var shortfalls: [Shortfall] {
        let missed = thresholds.filter { $0.verdict != .passed }.compactMap { threshold -> Shortfall? in
            guard let range = threshold.range else { return nil }
            let isFailed = threshold.verdict == .failed
            return Shortfall(
                name: "threshold \(threshold.name)", outcome: isFailed ? .failure : .error,
                message: "\(threshold.name) is to be \(threshold.wanted); it was: \(threshold.actual).",
                code: isFailed ? "threshold-missed" : "threshold-unknown", range: range)
        }
        let isTold =
            !missed.isEmpty || cases.map { JUnitOutcome($0, in: self) }.contains { $0 == .failure || $0 == .error }
        guard verdict != .passed, !isTold else { return missed }
        return [
            Shortfall(
                name: "verdict", outcome: verdict == .failed ? .failure : .error,
                message: "The suite is \(verdict.rawValue): not all of its cases were run, or none of them decides.",
                code: "suite-\(verdict.rawValue)", range: range)
        ]
    }
}
