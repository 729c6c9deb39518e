import ArgumentParser
import Language
import Support
import Testing

@testable import drover

/// Who copies a command from a message gets what is meant.
@Suite("Commands in messages")
struct CopiedCommandTests {
    private static let cases = [
        ("Run `drover approve production`.", "Run `drover approve production specs/a --lab two`."),
        ("Run `drover state unlock 12`, or wait.", "Run `drover state unlock 12 specs/a --lab two`, or wait."),
        ("`drover import models.m ID` does.", "`drover import models.m ID --spec specs/a --lab two` does."),
        ("Run `drover apply` first.", "Run `drover apply specs/a --lab two` first."),
        ("Use `drover apply --yes`.", "Use `drover apply --yes specs/a --lab two`."),
        // This one takes no addresses of servers.
        ("Run `drover validate`.", "Run `drover validate`."),
        // These are about no spec, or about one that is named.
        ("`drover apply plan.json` does it.", "`drover apply plan.json` does it."),
        ("`drover plan --out FILE` wrote it.", "`drover plan --out FILE` wrote it."),
        ("Run `drover lab up`, and `mlflow gc`.", "Run `drover lab up --name two`, and `mlflow gc`."),
        ("Run `drover lab up --name x`.", "Run `drover lab up --name x`."),
        ("The word drover is no command.", "The word drover is no command."),
    ]

    @Test("A command about a spec names that of the run, and where its servers are", arguments: cases)
    func completed(text: String, expected: String) {
        let told = CopiedCommand.completed(text, paths: ["specs/a"], options: ["--lab", "two"])
        #expect(told == expected)
        #expect(CopiedCommand.completed(told, paths: ["specs/a"], options: ["--lab", "two"]) == expected)
        #expect(CopiedCommand.completed(text, paths: [], options: []) == text)
    }

    @Test("No command shows what may be a secret; a file may be called as it likes")
    func secrets() throws {
        let given = ["tone=kind", "api_key=s3cret", "url=http://me:s3cret@host", "mail=me@host"]
        let variation = try VariationOptions.parse(given.flatMap { ["--var", $0] } + ["--overlay", "token=a.yaml"])
        #expect(
            variation.words == [
                "--overlay", "token=a.yaml", "--var", "tone=kind", "--var", "api_key=…", "--var", "url=…", "--var",
                "mail=me@host",
            ])
        let words = ["plan", "--mlflow-url=http://me:s3cret@host", "--record", "file:me@host.json", "--lab", "two"]
        let options = CopiedCommand.serverOptions(in: words)
        let told = CopiedCommand.completed("Run `drover plan`.", paths: [], options: options)
        #expect(told == "Run `drover plan --mlflow-url http://me:PASSWORD@host --record file:me@host.json --lab two`.")
    }

    @Test("The lab that needs no name gets none")
    func defaultLab() {
        let text = "Run `drover lab up`."
        #expect(CopiedCommand.completed(text, paths: ["a"], options: ["--lab", "default"]) == text)
        #expect(CopiedCommand.completed(text, paths: ["a"], options: ["--record", "file:lab"]) == text)
    }

    @Test(
        "A shell takes a path for one word, whatever it has",
        arguments: [
            ("specs/a-1.yaml", "specs/a-1.yaml"), ("my specs", "'my specs'"), ("it's", #"'it'\''s'"#), ("", "''"),
            ("a;b", "'a;b'"),
        ])
    func quoted(path: String, expected: String) {
        #expect(CopiedCommand.quoted(path) == expected)
    }

    @Test(
        "A password in a URL is not repeated, and its place is named",
        arguments: [
            ("http://me:pa55@h:80/x", "http://me:PASSWORD@h:80/x"),
            ("desk=http://me:p/a@s@h/x", "desk=http://me:PASSWORD@h/x"), ("https://t0ken@h", "https://PASSWORD@h"),
            ("https://h:443/@scope/a", "https://h:443/@scope/a"), ("https://h/@scope", "https://h/@scope"),
            ("file:me@work.json", "file:me@work.json"), ("to=me@h", "to=me@h"),
        ])
    func password(word: String, expected: String) {
        #expect(CopiedCommand.withoutPassword(word) == expected)
        let told = CopiedCommand.completed("Run `drover plan`.", paths: ["a"], options: ["--var", word])
        #expect(told == "Run `drover plan a --var \(expected)`.")
    }

    @Test("An option is suggested only where it is spelled nearly so, and paths need none")
    func unknownOption() async throws {
        try await withTemporaryDirectory { directory in
            let drover = DroverProgram(in: directory)
            let near = try await drover("plan", "--paralelism", "3")
            #expect(near.code == 64 && near.errors.contains("Did you mean '--parallelism'?"), "\(near.errors)")
            let far = try await drover("apply", "--blub")
            #expect(far.code == 64 && far.errors.contains("Unknown option '--blub'."), "\(far.errors)")
            #expect(!far.errors.contains("Did you mean") && far.errors.contains("Usage: drover apply"), "\(far.errors)")
            let spec = try await drover("apply", "--spec", "specs/a")
            #expect(spec.code == 64 && !spec.errors.contains("--yes"), "\(spec.errors)")
            #expect(spec.errors.contains("of the spec without an option."), "\(spec.errors)")
        }
    }

    @Test("Help shows one --version: that of the release where a command has one, else that of the program")
    func version() async throws {
        try await withTemporaryDirectory { directory in
            let drover = DroverProgram(in: directory)
            for words in [["approve", "--help"], ["help", "approve"]] {
                let approve = try await drover(words)
                #expect(approve.code == 0 && approve.output.contains("--version <version>"), "\(approve.output)")
                #expect(!approve.output.contains("Show the version."), "\(approve.output)")
            }
            let plan = try await drover("plan", "--help")
            #expect(plan.output.contains("--version") && plan.output.contains("Show the version."), "\(plan.output)")
            let program = try await drover("--version")
            #expect(program.code == 0 && program.output.hasPrefix("0."), "\(program.output)")
        }
    }
}
