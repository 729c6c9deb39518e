import FoundationEssentials
import Support
import Testing

/// Every mistake that a spec can have is told by a pair of golden files: `<case>.yaml` and `<case>.expected`.
@Suite("Diagnostics have golden pairs")
struct DiagnosticPairsTests {
    /// Where the mistakes of specs are found before anything is contacted: folders, and ends of the names of files.
    private static let sources = [
        ("Language", ".swift"), ("Engine", "Workflow.swift"), ("Engine", "Workflow+Top.swift"),
        ("Engine", "Graph.swift"), ("Engine", "DeclaredSpec.swift"),
        ("Engine", "RequiresSpec.swift"),
        ("Kinds", "Spec.swift"), ("Kinds/Document", ".swift"),
        ("Kinds/Agent", "InstructionSource.swift"), ("Kinds", "Kinds+SharedNames.swift"),
        ("Kinds/Prompt", "PromptOutputs.swift"), ("Suites/Spec", ".swift"), ("Suites/Assertions", ".swift"),
        ("Suites", "Expectation.swift"), ("Suites", "Reading+Suites.swift"), ("Suites", "Capture.swift"),
        ("Suites/Judging", "Labels.swift"), ("Suites/Schema", "SchemaReading.swift"),
        ("Wire", "ServersSpec.swift"),
    ]

    private static let exempt = [
        "file-too-large": "It takes 16 MiB of text; the tests of `validate` make it.",
        "look-alike-documents": "Two files that not every file system can hold; `DocumentTests` make them.",
        "too-many-open-files": "It takes a lower limit; `OpenFileLimitTests` set it.",
        "unusable-secret": "It takes an environment variable; `ServerSettingsTests` have one.",
        "other-version-required": "It says which version drover has; `RequirementTests` compare without it.",
        "long-prompt": "It takes 100,000 characters; `PromptedAgentTests` make it.",
        "unknown-prompt-version": "Only the registry knows its versions; `PromptedAgentTests` have one.",
        "interrupted": "No mistake of a spec: any command can be interrupted; `DiagnosableTests` make it.",
        "unexpected": "No mistake of a spec, but one of drover; `DiagnosableTests` make it.",
        "unknown-path": "The command line of `drover explain` has it; its tests, too.",
    ]

    @Test("Each code that validation can report stands in an expected file")
    func pairs() throws {
        let codes = try Self.codes()
        #expect(codes.count > 80)
        let told = try Self.told()
        let missing = codes.subtracting(told).subtracting(Self.exempt.keys).sorted()
        #expect(missing.isEmpty, "Write a `.yaml` and an `.expected` for: \(missing.joined(separator: ", "))")
    }

    @Test("What is exempt is a code, and has no pair")
    func exemptions() throws {
        let codes = try Self.codes()
        let told = try Self.told()
        for code in Self.exempt.keys { #expect(codes.contains(code) && !told.contains(code), "\(code)") }
    }

    /// The codes in the sources: the texts that a `Diagnostic(` begins with.
    private static func codes() throws -> Set<String> {
        var codes: Set<String> = []
        for (folder, ending) in sources {
            let files = try texts(in: "Sources/\(folder)", endingIn: ending)
            try #require(!files.isEmpty, "There is no \(ending) in \(folder).")
            for diagnostic in files.flatMap({ $0.matches(of: /Diagnostic\(\s*([^,]*"),/) }) {
                for code in diagnostic.1.matches(of: /"([a-z0-9]+(-[a-z0-9]+)*)"/) { codes.insert(String(code.1)) }
            }
        }
        return codes
    }

    /// The codes in the expected files.
    private static func told() throws -> Set<String> {
        let files = try texts(in: "Tests", endingIn: ".expected")
        return Set(files.flatMap { $0.matches(of: /(?:error|warning)\[([a-z0-9-]+)\]/).map { String($0.1) } })
    }

    private static func texts(in folder: String, endingIn ending: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: "\(packageRoot)/\(folder)")
            .filter { $0.hasSuffix(ending) }
            .map { try String(contentsOfFile: "\(packageRoot)/\(folder)/\($0)", encoding: .utf8) }
    }
}
