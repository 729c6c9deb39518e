import Foundation
import Suites
import Support
import Testing

@testable import Reports

/// The page in Chromium without a window, which `scripts/test` installs where there is none.
@Suite("HTMLReport in a browser")
struct HTMLReportIntegrationTests {
    private func use(_ recorded: RecordedRun, _ arguments: String...) async throws {
        try await withTemporaryDirectory { directory in
            let file = "\(directory)/report.html"
            try ReportFile(file).write { try HTMLReport().write(recorded, to: &$0) }
            let environment = ProcessInfo.processInfo.environment
            let python = try #require(
                environment["DROVER_TEST_PYTHON"], "DROVER_TEST_PYTHON must name a Python; scripts/test makes one.")
            let root = URL(filePath: #filePath).appending(path: "../../..").standardizedFileURL.path
            let named = environment.filter { $0.key == "DROVER_TEST_CHROMIUM" }
            let ended = try await DroverProgram(in: directory, environment: named).run(
                python, ["\(root)/Tests/Python/check_html_report.py", file] + arguments)
            #expect(ended.code == 0, "\(ended.output)\(ended.errors)")
        }
    }

    @Test("A reader searches, filters, opens cases, and moves with the keyboard")
    func small() async throws {
        try await use(
            SampleRun(noise: "</script><b class='injected'>\u{202E}").recorded, "--cases", "6", "--find", "ticket=1",
            "--find", "docs/refunds.md=5", "--find", "</script>=1", "--says", "The case took too long")
    }

    @Test("It draws how suites went from run to run, and says it of a case that changed")
    func trend() async throws {
        let run = try SampleRun().recorded
        let before = RunTotals(run, isWhole: true)
        let text = String(decoding: try before.bytes, as: UTF8.self)
        let other = text.replacing(#""golden/silence":[0,0]"#, with: #""golden/silence":[1,1]"#)
        let changed = try #require(RunTotals(Array(other.utf8)))
        try await use(
            run.after([before, changed]), "--cases", "6", "--find", "ticket=1", "--trends", "3,3", "--says",
            "from run to run: 0/0 → 1/1 → 0/0")
    }

    @Test("Many cases open and are searched soon")
    func large() async throws {
        try await use(
            LargeRun.recorded(cases: 3000), "--cases", "3000", "--find", "area=even=1500", "--find", "question 2999?=1",
            "--most-seconds", "10")
    }
}
