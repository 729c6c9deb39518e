import FoundationEssentials
import Support
import Testing

/// Saved plans: where they are written, shown and applied.
extension HistoryCommandTests {
    @Test("A saved plan where a spec belongs is told as that, once")
    func planAsSpec() async throws {
        try await withShop { drover, directory in
            let saved = try await drover("plan", "--out", "saved.json")
            #expect(saved.code == 0, "\(saved)")
            let written = try await drover("plan", "--out", "-")
            #expect(written.code == 0 && written.errors.contains("Plan: "), "\(written.errors)")
            #expect(written.output == (try String(contentsOfFile: "\(directory)/saved.json", encoding: .utf8)))
            try Self.write("other.yaml", "drover: v1\nstack: other\n", directory)
            for words in [["plan", "saved.json"], ["validate", "saved.json"], ["apply", "other.yaml", "saved.json"]] {
                let ended = try await drover.run(DroverProgram.path, words)
                #expect(ended.code == 64 && ended.errors.contains("error[plan-as-spec]"), "\(ended)")
                #expect(ended.errors.matches(of: /error\[/).count == 1, "\(ended.errors)")
            }
            try FileManager.default.removeItem(atPath: "\(directory)/other.yaml")
            try Self.write("printed.json", try await drover("plan", "--format", "json").output, directory)
            for words in ["apply printed.json --yes", "apply - --yes < saved.json"] {
                let ended = try await drover.run("/bin/sh", ["-c", "'\(DroverProgram.path)' \(words)"])
                #expect(ended.code == 64 && ended.errors.contains("error[plan-as-spec]"), "\(ended)")
                #expect(ended.errors.contains("drover apply FILE"), "\(ended)")
            }
            let beside = try await drover("apply", "saved.json", "--target", "prompts", "--var", "a=b")
            #expect(beside.code == 64 && beside.errors.contains("`--var` and `--target` are given"), "\(beside)")
            let besides = try await drover("validate")
            #expect(besides.code == 0, "\(besides)")
            let wider = try await drover("apply", "saved.json", "--yes", "--adopt")
            #expect(wider.code == 7 && wider.errors.contains("(`--adopt`)"), "\(wider)")
        }
    }

    @Test("A saved plan is shown as when it was made: who asked, where, and from where that was known")
    func shownAgain() async throws {
        try await withShop { drover, directory in
            let environment = ["MLFLOW_TRACKING_USERNAME=anna", "MLFLOW_TRACKING_PASSWORD=a-long-secret"]
            for format in ["text", "markdown"] {
                let planning = [DroverProgram.path, "plan", "--out", "\(format).json", "--format", format]
                let made = try await drover.run("/usr/bin/env", environment + planning)
                #expect(made.code == 0 && made.output.contains("as anna"), "\(made)")
                let shown = try await drover("show", "\(format).json", "--format", format)
                #expect(shown.code == 0 && shown.output == made.output, "\(shown)")
            }
            let piped = try await drover.run("/bin/sh", ["-c", "'\(DroverProgram.path)' show - < text.json"])
            #expect(piped.code == 64 && piped.errors.contains("is read from a file, by its path"), "\(piped)")
        }
    }

    @Test("A plan of a spec from standard input says that it is needed there again, and is applied with it")
    func planOfInput() async throws {
        try await withShop { drover, _ in
            let planning = "'\(DroverProgram.path)' plan - --out piped.json < drover.yaml"
            let saved = try await drover.run("/bin/sh", ["-c", planning])
            #expect(saved.code == 0 && saved.errors.contains("The spec came on standard input"), "\(saved)")
            for (input, code) in [("/dev/null", 7), ("drover.yaml", 0)] as [(String, Int32)] {
                let applying = "'\(DroverProgram.path)' apply piped.json --yes --no-lock < \(input)"
                let ended = try await drover.run("/bin/sh", ["-c", applying])
                #expect(ended.code == code, "\(ended)")
                #expect(ended.errors.contains("Give the same spec on standard input again") == (code == 7), "\(ended)")
            }
            let named = try await drover("plan", "drover.yaml", "--out", "named.json")
            #expect(named.code == 0 && !named.errors.contains("The spec came"), "\(named)")
        }
    }

    @Test("A plan takes the place of no other file, and one that is not there is told as that")
    func placeOfPlan() async throws {
        try await withShop { drover, directory in
            try Self.write("notes.txt", "mine", directory)
            #expect(try await drover.run("/usr/bin/truncate", ["-s", "300M", "large.bin"]).code == 0)
            for file in ["notes.txt", "large.bin", "drover.yaml"] {
                let ended = try await drover("plan", "--out", file)
                #expect(ended.code == 64 && ended.errors.contains("error[not-a-plan]"), "\(ended)")
            }
            #expect(try String(contentsOfFile: "\(directory)/notes.txt", encoding: .utf8) == "mine")
            let shown = try await drover.run(DroverProgram.path, ["show", "nothere.json"])
            #expect(shown.code == 64 && shown.errors.contains("There is no file `nothere.json`."), "\(shown)")
        }
    }
}
