import FoundationEssentials
import Language
import Support
import Testing

/// The commands about the language itself, which contact nothing.
@Suite("Commands of the language")
struct LanguageCommandTests {
    private static let example = "\(packageRoot)/Tests/DroverTests/Example"

    @Test("A spec with almost everything is valid, without a warning")
    func almostEverything() async throws {
        let ended = try await DroverProgram(in: Self.example)("validate", ".")
        #expect(ended.code == 0)
        #expect(ended.errors == "")
    }

    @Test(
        "What is no version of a server is told at once", arguments: ["--stack", "--mlflow"], ["0.5.x", "latest", "7"])
    func noVersion(option: String, version: String) async throws {
        let ended = try await DroverProgram(in: Self.example)("lab", "up", option, version)
        #expect(ended.code == 64)
        let said = "`\(version)` is no version; one has two to four numbers, as in 0.5.4."
        #expect(ended.errors.contains(said), "\(ended.errors)")
    }

    @Test("A directory of stacks is valid when each of them is")
    func severalStacks() async throws {
        let specs = try await DroverProgram(in: packageRoot)("validate", "specs/")
        #expect(specs.code == 0 && specs.errors == "", "\(specs.errors)")
        let valid = specs.output.split(separator: "\n").map { $0.split(separator: " ")[3] }
        #expect(valid == ["helpdesk", "judged", "quickstart", "release"])
        try await withTemporaryDirectory { directory in
            for (name, text) in [("a", "drover: v1\nstack: a\n"), ("b", "drover: v1\nstack: b\nagnets: {}\n")] {
                try FileManager.default.createDirectory(
                    atPath: "\(directory)/\(name)", withIntermediateDirectories: false)
                try Data(text.utf8).write(to: URL(filePath: "\(directory)/\(name)/drover.yaml"))
            }
            let drover = DroverProgram(in: directory)
            let text = try await drover("validate", ".")
            #expect(text.code == 3 && text.output.contains("the stack a") && text.errors.contains("b/drover.yaml:3:1"))
            let json = try Value(json: try await drover("validate", ".", "--format", "json").output.utf8)
            #expect(json.array?.map { $0["file"] } == ["b/drover.yaml"])
            let sarif = try Value(json: try await drover("validate", ".", "--format", "sarif").output.utf8)
            #expect(sarif["runs"]?.array?.map { $0["results"]?.array?.count } == [0, 1])
        }
    }

    @Test("What is rendered is valid, renders to itself, and holds no variable")
    func rendering() async throws {
        try await withTemporaryDirectory { directory in
            try FileManager.default.copyItem(atPath: Self.example, toPath: "\(directory)/a")
            let drover = DroverProgram(in: directory, environment: ["STEPS": "12", "PORT": "8321"])
            let first = try await drover("render", "a/drover.yaml", "--overlay", "a/overlay/production.yaml")
            #expect(first.code == 0, "\(first.errors)")
            #expect(!first.output.contains("${var.") && !first.output.contains("${env."))
            #expect(first.output.contains("maxSteps: 12\n"))
            #expect(first.output.contains("url: http://localhost:8321\n"))
            #expect(first.output.contains("file: overlay/strict.md\n"))
            #expect(first.output.contains("Costs are shown as $${amount}"))
            #expect(first.output.contains("zip: \"01234\"\n"))
            #expect(first.output.contains("env: TICKETS_TOKEN\n"))
            try Data(first.output.utf8).write(to: URL(filePath: "\(directory)/a/rendered.yaml"))
            let second = try await drover("render", "a/rendered.yaml")
            #expect(second.output == first.output)
            let json = try await drover(
                "render", "a/drover.yaml", "--overlay", "a/overlay/production.yaml", "--format", "json")
            try Data(json.output.utf8).write(to: URL(filePath: "\(directory)/a/rendered.json"))
            let third = try await drover("render", "a/rendered.json", "--format", "json")
            #expect(third.output == json.output)
        }
    }

    @Test("Each rendered value says which file and line it came from")
    func origins() async throws {
        try await withTemporaryDirectory { directory in
            try Data("drover: v1\nstack: s\nexperiments:\n  e: {description: one, tags: {a: b}}\n".utf8)
                .write(to: URL(filePath: "\(directory)/base.yaml"))
            try Data("experiments:\n  e:\n    tags: {a: c}\n".utf8).write(to: URL(filePath: "\(directory)/over.yaml"))
            let drover = DroverProgram(in: directory)
            let yaml = try await drover("render", "base.yaml", "--overlay", "over.yaml", "--origin")
            #expect(yaml.output.contains("description: one  # base.yaml:4\n"))
            #expect(yaml.output.contains("a: c  # over.yaml:3\n"))
            let json = try await drover("render", "base.yaml", "--overlay", "over.yaml", "--origin", "--format", "json")
            let value = try Value(json: json.output.utf8)
            #expect(value["origin"]?["experiments.e.tags.a"] == "over.yaml:3")
            #expect(value["spec"]?["experiments"]?["e"]?["tags"]?["a"] == "c")
        }
    }

    @Test("A field is explained with type, default, example and version")
    func explanation() async throws {
        let drover = DroverProgram(in: packageRoot)
        #expect(
            try await drover("explain", "agents.maxSteps").output == """
                agents.maxSteps
                  The most model calls for one answer.

                  type      a whole number from 1 to 1000
                  default   10
                  since     0.1

                """)
        let expectations = try await drover("explain", "suites.cases.expect")
        #expect(expectations.output.contains("    contains     "))
        let unknown = try await drover("explain", "agents.sampling.temprature")
        #expect(unknown.code == 64)
        #expect(
            unknown.errors == """
                error[unknown-path]: Unknown path
                 = why: `agents.sampling` has no field `temprature`.
                 = fix: Did you mean `agents.sampling.temperature`?

                """)
    }

    @Test("A file with more than 16 MiB is refused, and not read to its end")
    func largeFile() async throws {
        try await withTemporaryDirectory { directory in
            try Data(count: (16 << 20) + 1).write(to: URL(filePath: "\(directory)/large.yaml"))
            let ended = try await DroverProgram(in: directory)("validate", "large.yaml")
            #expect(ended.code == 3)
            #expect(
                ended.errors == """
                    error[file-too-large]: File too large
                     = why: `large.yaml` has more than 16 MiB, the most that a spec may have.
                     = fix: Split it into several files; they are joined.

                    """)
        }
    }

    @Test("Standard input is named once")
    func standardInputTwice() async throws {
        let drover = DroverProgram(in: Self.example)
        for words in [
            ["validate", "-", "-"], ["render", "-", "--overlay", "-"],
            ["plan", ".", "--overlay", "-", "--var-file", "-"],
        ] {
            let ended = try await drover(words)
            #expect(ended.code == 64 && ended.errors.contains("`-` is given twice"), "\(ended.errors)")
        }
    }

    @Test("A value of a case that has a name too many is told once")
    func longReference() async throws {
        try await withTemporaryDirectory { directory in
            for name in ["row", "capture", "matrix"] {
                let spec = """
                    drover: v1
                    stack: s
                    agents: {a: {model: m, instructions: x, log: false}}
                    suites: {s: {agent: a, cases: [{name: n, input: "${\(name).a.b}"}]}}
                    """
                try Data(spec.utf8).write(to: URL(filePath: "\(directory)/a.yaml"))
                let ended = try await DroverProgram(in: directory)("validate", "a.yaml")
                #expect(ended.code == 3 && ended.errors.matches(of: /error\[/).count == 1, "\(ended.errors)")
            }
        }
    }

    @Test("Where a file could not be read, what it may hold is not missing")
    func unreadFile() async throws {
        try await withTemporaryDirectory { directory in
            try Data("agents: {a: {model: m, instructions: x, tools: [t]}}\n".utf8)
                .write(to: URL(filePath: "\(directory)/a.yaml"))
            let ended = try await DroverProgram(in: directory)("validate", "a.yaml", "b.yaml")
            #expect(ended.code == 3 && ended.errors.matches(of: /error\[/).count == 1, "\(ended.errors)")
            #expect(ended.errors.hasPrefix("error[missing-file]"), "\(ended.errors)")
        }
    }

    @Test("What comes through a pipe is read once, as a spec; a place for a plan that is a pipe is not read at all")
    func pipes() async throws {
        try await withTemporaryDirectory { directory in
            let spec = "printf 'drover: v1\\nstack: s\\nagnets: {}\\n'"
            let drover = DroverProgram(in: directory)
            for words in [
                "apply <(\(spec))", "validate <(\(spec))", "apply fifo & \(spec) > fifo; wait $!",
                "plan <(\(spec)) --out /dev/stdout | cat",
            ] {
                let script = "set -o pipefail; rm -f fifo; mkfifo fifo; timeout 60 '\(DroverProgram.path)' \(words)"
                let ended = try await drover.run("/bin/bash", ["-c", script])
                #expect(ended.code == 3 && ended.errors.contains("Did you mean `agents`?"), "\(words): \(ended)")
            }
        }
    }

    @Test("The schema that differs is refused with the first line that does")
    func outdatedSchema() async throws {
        try await withTemporaryDirectory { directory in
            let drover = DroverProgram(in: directory)
            #expect(try await drover("schema").code == 0)
            #expect(try await drover("schema", "--check").code == 0)
            let file = "\(directory)/schemas/drover.schema.json"
            let text = try String(contentsOfFile: file, encoding: .utf8).replacing("minItems", with: "maxItems")
            try Data(text.utf8).write(to: URL(filePath: file))
            let ended = try await drover("schema", "--check")
            #expect(ended.code == 1)
            #expect(ended.errors.contains("maxItems") && ended.errors.contains("Run `drover schema`"))
        }
    }

    @Test("A new spec is valid, and never takes the place of another")
    func start() async throws {
        try await withTemporaryDirectory { directory in
            let drover = DroverProgram(in: directory)
            #expect(try await drover("init", "helpdesk").code == 0)
            let valid = try await drover("validate", "helpdesk")
            #expect(valid.code == 0, "\(valid.errors)")
            #expect(valid.output.contains("the stack helpdesk"))
            let again = try await drover("init", "helpdesk")
            #expect(again.code == 1)
            #expect(again.errors.contains("`helpdesk/drover.yaml` is there"))
        }
    }

    @Test(
        "Options come from the environment, and the command line wins",
        arguments: [
            (["DROVER_FORMAT": "json"], ["render", "."], 0, "{"),
            (["DROVER_FORMAT": "json"], ["render", ".", "--format", "yaml"], 0, "drover: v1"),
            (["DROVER_FORMAT": "json", "DROVER_ORIGIN": "true"], ["render", "."], 0, "{\n  \"origin\""),
            (["DROVER_ORIGIN": "no"], ["render", "."], 0, "drover: v1\n"),
            (["DROVER_ORIGIN": "maybe"], ["render", "."], 64, ""),
            (["DROVER_VAR": "model=a\nteam=sales"], ["render", "."], 0, "drover: v1"),
            (["DROVER_VAR": "model=a\nteem=sales"], ["render", "."], 3, ""),
            (["DROVER_UNKNOWN": "x", "DROVER_VERSION": "1"], ["render", "."], 0, "drover: v1"),
        ])
    func environment(_ variables: [String: String], _ words: [String], _ code: Int, _ start: String) async throws {
        let ended = try await DroverProgram(in: Self.example, environment: variables).run(DroverProgram.path, words)
        #expect(ended.code == Int32(code), "\(ended.errors)")
        #expect(ended.output.hasPrefix(start))
    }

    @Test("There is a completion script for each shell", arguments: ["bash", "zsh", "fish"])
    func completions(_ shell: String) async throws {
        let ended = try await DroverProgram(in: packageRoot)("completions", shell)
        #expect(ended.code == 0)
        #expect(ended.output.contains("llamastack-url"))
    }
}
