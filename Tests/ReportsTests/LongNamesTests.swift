import Engine
import Foundation
import Language
import Runtime
import Testing
import Wire

@testable import Reports
@testable import Suites

/// Names that are long, or whose columns are not their characters.
@Suite("Long names")
struct LongNamesTests {
    private static let names: [(name: String, variant: String?)] = [
        ("refund window", nil), ("größe", nil), ("gro\u{308}ßer", nil), ("退款期限是多少天", nil), ("한국어로 답한다", nil),
        (String(repeating: "the answer says how long a customer has ", count: 4), "[row 3]"),
        (String(repeating: "the answer says how long a customer has ", count: 4), "[row 4]"),
        (String(repeating: "退款期限", count: 20), nil),
    ]

    private var recorded: RecordedRun {
        get throws {
            let text = "drover: v1\n"
            var sources = SourceMap()
            let source = sources.add(Source(path: "drover.yaml", bytes: Array(text.utf8)))
            let start = SourcePosition(line: 1, column: 1)
            let range = SourceRange(source: source, start: start, end: SourcePosition(line: 1, column: 7))
            let cases = Self.names.map { name, variant in
                TestCase(
                    id: CaseID(suite: "smoke", name: name, variant: variant), name: name, range: range, turns: [],
                    labels: [:], repetition: .once, quarantine: nil)
            }
            let suite = TestSuite(
                name: "smoke", agent: "support", range: range, thresholds: Thresholds(), cases: cases)
            let log = try SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
            let record = RunRecord(
                stack: "helpdesk", version: "1.0.0", startedAt: "2026-06-01T12:00:00Z", sources: sources)
            let recorder = try RunRecorder(record, [suite], in: sources, to: log)
            for testCase in cases {
                let answer = Answer(
                    status: .completed, text: "Yes.", hasMessage: true, usage: Answer.Usage(input: 300, output: 12),
                    steps: 1, latency: .milliseconds(1204))
                let sample = Sample(verdict: .passed, turns: [TurnResult(input: "?", answer: answer, outcomes: [])])
                try recorder.take(
                    .sampleFinished(FinishedSample(id: testCase.id, number: 1, sample: sample, trace: nil)))
            }
            try recorder.take(.suiteFinished(try #require(try recorder.recorded.run.suites.first)))
            return try recorder.end(after: .seconds(2))
        }
    }

    private var plan: Plan {
        Plan(
            stack: StackName("helpdesk"),
            changes: [
                Change(
                    Address("vectorStores", "handbook"), .update, fields: [FieldChange("name", old: "h", new: "é")],
                    label: "vector store vs_1f (\(String(repeating: "handbook ", count: 20)))"),
                Change(
                    Address("experiments", String(repeating: "long-", count: 12) + "name"), .update,
                    fields: [FieldChange("description", old: nil, new: .string(String(repeating: "退款", count: 50)))],
                    label: "experiment 7 (\(String(repeating: "退款", count: 30)))"),
                Change(
                    Address("agents", "support"), .update,
                    fields: [
                        FieldChange("description", old: "one\r\ntwo", new: "one\r\nthree"),
                        FieldChange("tags.team", old: .string(String(repeating: "退", count: 31)), new: "a"),
                    ], label: "model support"),
            ])
    }

    @Test("A long name is cut in the table, by the columns it takes, and stands whole below it")
    func report() throws {
        try check(TerminalReport().text(of: recorded), is: "terminal-names")
    }

    @Test("A long name in a plan is cut where it stands, and whole below")
    func inPlan() throws {
        let servers = [
            ConnectedServer(name: "OGX", version: "1.5.0", url: "http://127.0.0.1:8321", origin: "the lab"),
            ConnectedServer(
                name: "MLflow", version: "3.17.2+" + String(repeating: "build.", count: 15),
                url: "https://mlflow.example.org/" + String(repeating: "path/", count: 20), origin: "the spec"),
        ]
        try check(PlanText(colors: false).render(plan, servers: servers) + "\n", is: "plan-names")
    }

    private func check(_ text: String, is name: String) throws {
        let golden = URL(filePath: SampleRun.directory + "/\(name).expected")
        if ProcessInfo.processInfo.environment["RECORD"] == "1" { try Data(text.utf8).write(to: golden) }
        #expect(text == String(decoding: try Data(contentsOf: golden), as: UTF8.self))
    }
}
