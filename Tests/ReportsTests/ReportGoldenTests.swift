import Foundation
import FoundationXML
import Language
import Suites
import Testing

@testable import Reports

@Suite("Reports")
struct ReportGoldenTests {
    private static let goldens = ["json", "junit", "markdown", "tap", "terminal"]

    @Test("Each format is written as its golden file says", arguments: goldens)
    func golden(format: String) throws {
        let report = try ReportRequest("\(format)=-").report
        let text = try report.text(of: try SampleRun().recorded)
        let golden = URL(filePath: SampleRun.directory + "/\(format).expected")
        if ProcessInfo.processInfo.environment["RECORD"] == "1" { try Data(text.utf8).write(to: golden) }
        #expect(text == String(decoding: try Data(contentsOf: golden), as: UTF8.self))
    }

    @Test("The log of a run is as its golden file says")
    func log() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "drover-\(UUID().uuidString).jsonl").path
        defer { try? FileManager.default.removeItem(atPath: path) }  // Of a failed test, nothing is there.
        _ = try SampleRun().log(to: SampleLog.create(path))
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let golden = URL(filePath: SampleRun.directory + "/log.expected")
        if ProcessInfo.processInfo.environment["RECORD"] == "1" { try Data(text.utf8).write(to: golden) }
        #expect(text == String(decoding: try Data(contentsOf: golden), as: UTF8.self))
    }

    @Test("Every format has a folder of its own, and is listed in All.swift")
    func everyFormatIsListed() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/Reports").standardizedFileURL
        let list = try String(contentsOf: folder.appending(path: "All.swift"), encoding: .utf8)
        var names: [String] = []
        for file in try FileManager.default.subpathsOfDirectory(atPath: folder.path) where file.hasSuffix(".swift") {
            let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
            for match in text.matches(of: /(?m)^(?:package )?struct (\w+)Report: (?:.*\W)?Report\b/) {
                names.append(String(match.1))
                #expect(file == "\(match.1)/\(match.1)Report.swift")
            }
        }
        #expect(names.count == allReports.count)
        for name in names.sorted() {
            #expect(
                list.contains("    \(name)Report.self,\n"),
                "Add the line `    \(name)Report.self,` to Sources/Reports/All.swift.")
        }
    }

    @Test("Colours are written only where they are asked for")
    func colors() throws {
        let run = try SampleRun().recorded
        #expect(try TerminalReport(colors: true).text(of: run).contains("\u{1B}[31m"))
        #expect(try !TerminalReport(colors: false).text(of: run).contains("\u{1B}["))
    }

    @Test("The JSON report is JSON, and keeps every place")
    func json() throws {
        let value = try Value(json: JSONReport().text(of: try SampleRun().recorded).utf8)
        let assertion = value["suites"]?.array?[0]["cases"]?.array?[0]["samples"]?.array?[0]["turns"]?.array?[0][
            "assertions"]?
            .array?.first
        #expect(
            assertion?["place"] == [
                "file": "specs/helpdesk.yaml", "line": 11, "column": 13, "endLine": 11, "endColumn": 30,
            ])
    }

    @Test("The JUnit report is well-formed and has the structure of the Jenkins xUnit schema")
    func junit() throws {
        let checker = JUnitChecker()
        let parser = XMLParser(data: Data(try JUnitReport().text(of: SampleRun().recorded).utf8))
        parser.delegate = checker
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        #expect(checker.problems == [])
        #expect(checker.counts == ["testcase": 8, "failure": 2, "error": 3, "skipped": 1])
        #expect(checker.names.contains("My order <4411> is broken, open a ticket.") == false)
        #expect(checker.text.contains("> My order <4411> is broken, open a ticket."))
        #expect(checker.text.contains(#"\u{1B}[0m"#))
    }

    @Test("What the thresholds of a suite allow is no failure in JUnit, and says so")
    func allowed() throws {
        let half = Thresholds(passRate: Located(0.5, at: .start(of: SourceID(index: 0))))
        let run = try LargeRun.recorded(cases: 22, thresholds: half)
        #expect(run.run.verdict == .passed)
        let text = try JUnitReport().text(of: run)
        #expect(text.contains(#"tests="22" failures="0" errors="0" skipped="5""#))
        #expect(text.ranges(of: "<skipped message=\"The thresholds of the suite allow it. ").count == 5)
        let strict = try JUnitReport().text(of: LargeRun.recorded(cases: 22))
        #expect(strict.contains(#"tests="22" failures="3" errors="2" skipped="0""#))
    }

    /// What makes a terminal do something, turns text around, or is no character of XML.
    private static let noises = [
        "\u{1B}[2K\u{1B}[1A", "\u{1B}]8;;http://x.test\u{1B}\\link\u{1B}]8;;\u{7}", "a\rb", "\u{9B}31m\u{90}q\u{9C}",
        "\u{202E}abc\u{2066}d\u{061C}", "\u{0}\u{8}\u{7F}\u{FFFE}]]>",
    ]

    @Test("What controls a terminal is shown as what it is, and machine formats stay readable", arguments: noises)
    func control(noise: String) throws {
        let run = try SampleRun(noise: noise).recorded
        for type in allReports {
            let text = try type.init().withContents.text(of: run)
            let controls = text.unicodeScalars.filter { $0 != "\n" && $0 != "\t" && Printable.isControl($0) }
            #expect(controls.isEmpty, "\(type.format): \(Array(controls))")
        }
        let checker = JUnitChecker()
        let parser = XMLParser(data: Data(try JUnitReport().text(of: run).utf8))
        parser.delegate = checker
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        let told = try Value(json: JSONReport().text(of: run).utf8)
        #expect(told.canonicalJSON.contains(Value.string(noise).canonicalJSON.dropFirst().dropLast()))
    }

    @Test("Where a served agent was asked, every report says whom")
    func target() throws {
        let run = try SampleRun(target: "http://agents.test:8000").recorded
        #expect(run.run.target == "http://agents.test:8000")
        for type in allReports {
            #expect(try type.init().text(of: run).contains("http://agents.test:8000"), "\(type.format)")
            #expect(try !type.init().text(of: SampleRun().recorded).contains("target"), "\(type.format)")
        }
        let value = try Value(json: JSONReport().text(of: run).utf8)
        #expect(value["target"] == "http://agents.test:8000")
    }

    @Test("While a run goes on, and with the sources at hand, reports are the same as from the log alone")
    func sourcesAtHand() throws {
        let sample = try SampleRun()
        let recorded = try sample.log().recorder.recorded
        for type in allReports {
            #expect(try type.init().text(of: recorded) == type.init().text(of: sample.recorded))
        }
    }

    @Test("The JSON report is what its value would be if it were held whole")
    func wholeJSON() throws {
        let text = try JSONReport().text(of: try SampleRun().recorded)
        #expect(try Value(json: text.utf8).prettyJSON + "\n" == text)
    }

    @Test("A run without suites found nothing out")
    func emptyRun() throws {
        let log = try SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
        let record = RunRecord(stack: "s", version: "1", startedAt: "", sources: SourceMap())
        let recorded = try RunRecorder(record, [], in: SourceMap(), to: log).end(after: .zero)
        #expect(recorded.run.verdict == .inconclusive)
        #expect(try TerminalReport().text(of: recorded) == "0 passed, 0 failed, 0 inconclusive in 0 ms\n")
        #expect(
            try JUnitReport().text(of: recorded).hasSuffix(
                "<testsuites name=\"s\" tests=\"0\" failures=\"0\" errors=\"0\" time=\"0.000\"/>\n"))
        #expect(try Value(json: JSONReport().text(of: recorded).utf8)["suites"] == [])
    }
}

/// The elements, attributes and nesting of `junit-10.xsd`, with the two attributes that we add to a test case.
private final class JUnitChecker: NSObject, XMLParserDelegate {
    var problems: [String] = []
    var counts: [String: Int] = [:]
    var names: [String] = []
    var text = ""
    private var path: [String] = []

    private static let children: [String: Set<String>] = [
        "": ["testsuites"], "testsuites": ["testsuite"],
        "testsuite": ["properties", "testcase", "system-out", "system-err"],
        "properties": ["property"], "property": [], "failure": [], "error": [], "skipped": [], "system-out": [],
        "testcase": ["skipped", "error", "failure", "system-out", "system-err"],
    ]
    private static let attributes: [String: (required: Set<String>, optional: Set<String>)] = [
        "testsuites": ([], ["name", "time", "tests", "failures", "errors"]),
        "testsuite": (
            ["name", "tests", "failures", "errors"], ["time", "skipped", "timestamp", "hostname", "id", "file"]
        ),
        "properties": ([], []), "property": (["name", "value"], []), "system-out": ([], []),
        "testcase": (["name"], ["time", "classname", "group", "file", "line"]),
        "failure": ([], ["type", "message"]), "error": ([], ["type", "message"]), "skipped": ([], ["type", "message"]),
    ]

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes given: [String: String]
    ) {
        let parent = path.last ?? ""
        if Self.children[parent]?.contains(name) != true { problems.append("<\(name)> in <\(parent)>") }
        let known = Self.attributes[name] ?? ([], [])
        let missing = known.required.subtracting(given.keys)
        let unknown = Set(given.keys).subtracting(known.required.union(known.optional))
        problems += missing.map { "<\(name)> lacks \($0)" } + unknown.map { "<\(name)> has \($0)" }
        if let time = given["time"], time.wholeMatch(of: /[0-9]+\.[0-9]{3}/) == nil { problems.append("time \(time)") }
        if ["testcase", "failure", "error", "skipped"].contains(name) { counts[name, default: 0] += 1 }
        given["name"].map { names.append($0) }
        path.append(name)
    }

    func parser(
        _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
    ) {
        path.removeLast()
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        text += string
    }
}
