import FoundationEssentials
import Language
import Support
import Testing

/// What the schema (asked by Python's `jsonschema`) and `drover validate` say of the cases in `Tests/Agreement`.
@Suite("Agreement of schema and decoder")
struct AgreementIntegrationTests {
    @Test("Schema and decoder say of every case what its label says")
    func agreement() async throws {
        let python = try #require(
            ProcessInfo.processInfo.environment["DROVER_TEST_PYTHON"],
            "DROVER_TEST_PYTHON must name a Python with Tests/Python/requirements.txt; scripts/test makes one.")
        let cases = try AgreementCase.all()
        #expect(cases.count >= 150)
        try await withTemporaryDirectory { directory in
            for file in Self.files {
                let text = file.hasSuffix(".jsonl") ? #"{"question": "q", "answer": 4}"# : "Some text."
                try Self.write("\(text)\n", to: "\(directory)/\(file)")
            }
            for each in cases { try Data(each.spec.utf8).write(to: URL(filePath: "\(directory)/\(each.file)")) }
            let drover = DroverProgram(in: directory)
            let schema = "\(directory)/drover.schema.json"
            #expect(try await drover("schema", "--output", schema).code == 0)
            let script = "\(packageRoot)/Tests/Python/schema_verdicts.py"
            let verdicts = try await drover.run(python, [script, schema, directory])
            #expect(verdicts.code == 0, "\(verdicts.errors)")
            let reasons = try Value(json: verdicts.output.utf8)
            for each in cases {
                let ended = try await drover("validate", each.file, "--format", "json")
                #expect([0, 3].contains(ended.code), "\(each.name): \(ended.errors)")
                #expect((ended.code == 0) == each.label.decoderAccepts, "\(each.name)\n\(each.spec)\n\(ended.output)")
                let reason = try #require(reasons[each.file])
                #expect((reason == .null) == each.label.schemaAccepts, "\(each.name)\n\(each.spec)\n\(reason)")
            }
        }
    }

    /// What good cases name.
    private static let files = [
        "docs/a.md", "faq.pdf", "a.md", "prompts/a.md", "prompts/b.md", "rubrics/b.md", "cases/a.jsonl",
    ]

    private static func write(_ text: String, to path: String) throws {
        let file = URL(filePath: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    @Test("The committed schema is the one that this version writes")
    func committed() async throws {
        let ended = try await DroverProgram(in: packageRoot)("schema", "--check")
        #expect(ended.code == 0, "\(ended.errors)")
    }
}

/// One case of `Tests/Agreement`.
private struct AgreementCase {
    enum Label {
        case good, bad
        /// A disagreement, and why it must be.
        case beyond(String), narrower(String)

        var decoderAccepts: Bool {
            switch self {
            case .good, .narrower: true
            case .bad, .beyond: false
            }
        }

        var schemaAccepts: Bool {
            switch self {
            case .good, .beyond: true
            case .bad, .narrower: false
            }
        }
    }

    private static let folder = "\(packageRoot)/Tests/Agreement"

    let file: String
    let name: String
    let label: Label
    let spec: String

    static func all() throws -> [AgreementCase] {
        let explained = try String(contentsOfFile: "\(folder)/README.md", encoding: .utf8)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".txt") }.sorted()
        return try files.flatMap { file in
            let text = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
            let parts = "\n\(text)".split(separator: "\n### ").map(String.init)
            return try parts.enumerated().map { index, part in
                try AgreementCase(part, file: "\(file.dropLast(4))-\(index + 1).yaml", explained)
            }
        }
    }

    private init(_ part: String, file: String, _ explained: String) throws {
        let head = part.prefix { $0 != "\n" }
        let body = part.dropFirst(head.count + 1) + "\n"
        let colon = try #require(head.firstRange(of: ": "))
        let words = head[..<colon.lowerBound].split(separator: " ").map(String.init)
        if words.count == 2 {
            try #require(explained.contains("\n- `\(words[1])`:"), "The README explains no `\(words[1])`.")
        }
        label =
            switch (words[0], words.count) {
            case ("good", 1): .good
            case ("bad", 1): .bad
            case ("beyond", 2): .beyond(words[1])
            case ("narrower", 2): .narrower(words[1])
            case _: throw UnknownLabel(text: String(head))
            }
        self.file = file
        name = "\(file): \(head)"
        spec = "\n\(body)".contains("\ndrover:") ? String(body) : "drover: v1\nstack: s\n\(body)"
    }

    private struct UnknownLabel: Error {
        let text: String
    }
}
