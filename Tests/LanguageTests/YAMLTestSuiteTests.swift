import FoundationEssentials
import Language
import Testing

/// Runs the YAML test suite (https://github.com/yaml/yaml-test-suite) through `Reader`.
///
/// What differs from the suite stands in `YAMLTestSuite.md`, each case with its reason; the test fails when the file
/// and the truth part, in either direction. `RECORD=1` writes the file anew and keeps the reasons that it has.
@Suite("YAML test suite")
struct YAMLTestSuiteTests {
    private static let table = Paths.parent(of: #filePath) + "/YAMLTestSuite.md"

    @Test("Every case does what the suite says, or deviates as the table says")
    func suite() throws {
        let cases = try SuiteCase.all()
        #expect(cases.count == 402)
        let verdicts = cases.map { (id: $0.id, name: $0.name, deviation: $0.deviation) }
        let known = try DeviationTable(path: YAMLTestSuiteTests.table)
        let text = known.text(verdicts)
        if ProcessInfo.processInfo.environment["RECORD"] == "1" {
            try Data(text.utf8).write(to: URL(filePath: YAMLTestSuiteTests.table))
        }
        let written = String(decoding: try FileBytes.read(YAMLTestSuiteTests.table, atMost: 1 << 20), as: UTF8.self)
        #expect(text == written)
        #expect(!written.contains("| ? |"), "A deviation has no reason yet.")
    }
}

/// One case of the suite, as its files write it.
private struct SuiteCase {
    var id: String
    var name: String
    var yaml: String
    var json: String?
    var fails: Bool

    static func all() throws -> [SuiteCase] {
        let package = Paths.parent(of: Paths.parent(of: Paths.parent(of: #filePath)))
        let variable = ProcessInfo.processInfo.environment["DROVER_YAML_TEST_SUITE"]
        let directory = (variable ?? package + "/../shared/reference/yaml-test-suite") + "/src"
        guard FileManager.default.fileExists(atPath: directory) else { throw MissingSuite(directory: directory) }
        let files = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".yaml") }
        var cases: [SuiteCase] = []
        for file in files.sorted() {
            let source = Source(path: file, bytes: try FileBytes.read("\(directory)/\(file)", atMost: 1 << 20))
            let tests = try Reader.read(source, id: SourceID(index: 0)).first?.elements ?? []
            // The suite itself skips what has no agreed answer yet.
            if tests.first?["skip"] != nil { continue }
            for (index, test) in tests.enumerated() {
                let id = file.dropLast(5) + (tests.count > 1 ? "/\(index)" : "")
                cases.append(SuiteCase(id: String(id), test: test, name: test["name"] ?? tests[0]["name"]))
            }
        }
        return cases
    }

    private init(id: String, test: Node, name: Node?) {
        self.id = id
        self.name = name?.string ?? ""
        yaml = SuiteCase.unescaped(test["yaml"]?.string ?? "")
        json = test["json"]?.string
        fails = test["fail"]?.content == .bool(true)
    }

    /// The suite shows white space that is hard to see as other characters.
    private static func unescaped(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        var dashes = 0
        for scalar in text.unicodeScalars {
            if scalar == "—" {
                dashes += 1
                continue
            }
            if scalar != "»" { scalars.append(contentsOf: repeatElement("—", count: dashes)) }
            dashes = 0
            switch scalar {
            case "␣": scalars.append(" ")
            case "»": scalars.append("\t")
            case "⇔": scalars.append("\u{FEFF}")
            case "←": scalars.append("\r")
            case "↵": break
            case _: scalars.append(scalar)
            }
        }
        let plain = String(scalars)
        return plain.hasSuffix("∎\n") ? String(plain.unicodeScalars.dropLast(2)) : plain
    }

    /// How the reader differs from what the suite demands; nil where it does not.
    var deviation: String? {
        let reading = reading(yaml)
        if fails { return reading.diagnostics.isEmpty ? "accepted" : nil }
        if let code = reading.diagnostics.first?.code.name { return "refused: `\(code)`" }
        guard let json else { return nil }
        // Whatever is wrong with the suite's JSON is shown as a deviation.
        guard let expected = try? JSONStream.values(json) else { return "the suite's JSON is not JSON" }
        let values = reading.documents.map(\.value)
        let areEqual = values.count == expected.count && zip(values, expected).allSatisfy { $0.isSame(as: $1) }
        return areEqual ? nil : "reads as `\(values.map(\.canonicalJSON).joined(separator: " "))`"
    }
}

private struct MissingSuite: Error, CustomStringConvertible {
    let directory: String

    var description: String {
        """
        The YAML test suite is not in \(directory): clone https://github.com/yaml/yaml-test-suite and set \
        DROVER_YAML_TEST_SUITE to its directory.
        """
    }
}

/// JSON values one after the other.
private enum JSONStream {
    static func values(_ text: String) throws -> [Value] {
        var values: [Value] = []
        var start = text.startIndex
        var depth = 0
        var isString = false
        var isEscaped = false
        for index in text.indices {
            let character = text[index]
            if isString {
                if isEscaped {
                    isEscaped = false
                } else if character == "\\" {
                    isEscaped = true
                } else if character == "\"" {
                    isString = false
                }
            } else {
                switch character {
                case "\"": isString = true
                case "[", "{": depth += 1
                case "]", "}": depth -= 1
                case _: break
                }
            }
            let next = text.index(after: index)
            let isLast = next == text.endIndex
            guard !isString, depth == 0, character == "\n" || character == "}" || character == "]" || isLast else {
                continue
            }
            let part = text[start..<next]
            if part.contains(where: { !$0.isWhitespace }) { values.append(try Value(json: Array(part.utf8))) }
            start = next
        }
        return values
    }
}

/// The committed list of deviations.
private struct DeviationTable {
    private var reasons: [String: String] = [:]

    init(path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        for line in String(decoding: try FileBytes.read(path, atMost: 1 << 20), as: UTF8.self).split(separator: "\n") {
            let cells = line.split(separator: "|").map { $0.split(separator: " ").joined(separator: " ") }
            if cells.count == 4 { reasons[cells[0]] = cells[3] }
        }
    }

    func text(_ verdicts: [(id: String, name: String, deviation: String?)]) -> String {
        let deviations = verdicts.filter { $0.deviation != nil }
        let rows = deviations.map { verdict in
            "| \(verdict.id) | \(verdict.name) | \(verdict.deviation ?? "") | \(reasons[verdict.id] ?? "?") |"
        }
        return """
            # The YAML test suite

            \(verdicts.count - deviations.count) of \(verdicts.count) cases do what the suite says; \
            \(deviations.count) deviate:

            | Case | What it tests | What happens | Why |
            | --- | --- | --- | --- |
            \(rows.joined(separator: "\n"))

            """
    }
}
