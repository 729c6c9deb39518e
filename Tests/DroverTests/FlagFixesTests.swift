import Foundation
import Support
import Testing

@testable import Language
@testable import drover

@Suite("Flags in messages")
struct FlagFixesTests {
    private static let sources = URL(filePath: packageRoot).appending(path: "Sources")

    /// The code of all rooms below CLI.
    private static func below() throws -> String {
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        var texts: [String] = []
        for case let file as URL in files where file.pathExtension == "swift" && !file.path.contains("/Sources/CLI/") {
            texts.append(try String(contentsOf: file, encoding: .utf8))
        }
        return texts.joined()
    }

    @Test("Each wording is for a code and for words that the rooms below have")
    func wordings() throws {
        let text = try Self.below()
        for (code, wording) in FlagFixes.wordings {
            #expect(text.contains("\"\(code.name)\""), "\(code.name)")
            #expect(text.contains(wording.plain), "\(wording.plain)")
            #expect(wording.flagged.contains("--"))
        }
        #expect(text.contains(FlagFixes.lab.plain))
    }

    @Test("What was rolled back is allowed again by its version")
    func version() {
        let fix = "Change the agent, or allow it again with `drover approve production`, as the version 3."
        let told = FlagFixes.told(Diagnostic("rolled-back", "Rolled back", detail: "It was.", fix: fix))
        #expect(told.fix == "Change the agent, or allow it again with `drover approve production --version 3`.")
    }

    @Test("The words of the rooms below are exchanged for those with the flag")
    func told() {
        let missing = Diagnostic(
            "missing-variable", "Variable without a value", detail: "None.",
            fix: "Give it a value, or write a `default`.", address: "variables.team")
        #expect(FlagFixes.told(missing).fix == "Give `--var team=…`, or write a `default`.")
        let malformed = Diagnostic(
            "malformed-assignment", "Malformed assignment", detail: "`a` is not `NAME=VALUE`.",
            fix: "Write, for example, `team=support`.")
        #expect(FlagFixes.told(malformed).detail == "`--var a` is not `NAME=VALUE`.")
        #expect(FlagFixes.told(malformed).fix == "Write, for example, `--var team=support`.")
        let other = Diagnostic("other", "Other", detail: "Write `it`.", fix: "Give it a value.")
        #expect(FlagFixes.told(other) == other)
    }
}
