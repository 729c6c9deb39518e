import Foundation
import Language
import Support
import Testing

@testable import Reports

@Suite("ReportRequest")
struct ReportRequestTests {
    @Test("A format and a path are read; the path may hold equals signs")
    func good() throws {
        let request = try ReportRequest("junit=out/a=b.xml")
        #expect(request.path == "out/a=b.xml")
        #expect(type(of: request.report).format == "junit")
    }

    @Test("A file that cannot be written is told as what it is, before anything is asked")
    func unwritable() {
        let report = #expect(throws: Diagnostic.self) { try ReportFile("/nowhere/a.xml").check() }
        #expect(report?.code == "report-not-written" && report?.summary == "A report could not be written")
        let plan = #expect(throws: Diagnostic.self) { try ReportFile("/nowhere/plan.json", of: .plan).check() }
        #expect(plan?.code == "plan-not-written" && plan?.summary == "The plan could not be written")
    }

    @Test("A file is known under each of its names, also before it is there; a device is never one")
    func sameFile() async throws {
        try await withTemporaryDirectory { directory in
            try Data("x".utf8).write(to: URL(filePath: "\(directory)/spec.yaml"))
            try FileManager.default.createSymbolicLink(
                atPath: "\(directory)/link.xml", withDestinationPath: "\(directory)/spec.yaml")
            try FileManager.default.createSymbolicLink(atPath: "\(directory)/here", withDestinationPath: directory)
            #expect(ReportFile("\(directory)/link.xml").isFile(at: "\(directory)/./spec.yaml"))
            #expect(ReportFile("\(directory)/here/new.xml").isFile(at: "\(directory)/new.xml"))
            #expect(!ReportFile("\(directory)/new.xml").isFile(at: "\(directory)/spec.yaml"))
            #expect(!ReportFile("\(directory)/new.xml").isFile(at: "\(directory)/newer.xml"))
            #expect(!ReportFile("/dev/null").isFile(at: "/dev/null"))
        }
    }

    @Test("That no more files may be open is told as that, and how to raise the limit")
    func openFiles() {
        let problem = ReportFile("out.xml").notWritten(because: EMFILE)
        #expect(problem.code == "too-many-open-files" && problem.fix == OpenFileLimit.fix)
        #expect(problem.detail.hasPrefix("`out.xml` cannot be written: all "))
    }

    @Test(
        "A format that is unknown, or has no path, is reported with what was meant",
        arguments: [
            ("junt=out.xml", "unknown-report", "Did you mean `junit`?"),
            (
                "pdf=x", "unknown-report",
                "Use one of `html`, `json`, `junit`, `markdown`, `tap` and `terminal`, such as `junit=out.xml`."
            ),
            ("json", "report-without-path", "Write `json=PATH`; `-` is standard output."),
            ("json=", "report-without-path", "Write `json=PATH`; `-` is standard output."),
        ])
    func bad(text: String, code: String, fix: String) {
        let problem = #expect(throws: Diagnostic.self) { try ReportRequest(text) }
        #expect(problem?.code.name == code)
        #expect(problem?.fix == fix)
        #expect(problem?.cause == .usage)
    }
}
