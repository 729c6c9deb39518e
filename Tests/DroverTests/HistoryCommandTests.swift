import Engine
import Fakes
import FoundationEssentials
import Language
import Records
import Support
import Synchronization
import Testing
import Wire

/// The record and its history, as a user of the program meets them.
@Suite("History, state, output and rollback")
struct HistoryCommandTests {
    static func spec(_ team: String, more: String = "") -> String {
        """
        drover: v1
        stack: shop
        experiments:
          answers: {tags: {team: \(team)}}
        prompts:
          greeting: {template: {file: prompts/greeting.md}, alias: production}
        \(more)

        """
    }

    /// A directory with a spec, and the program with an MLflow of its own.
    func withShop(
        _ mlflow: FakeMLflow = FakeMLflow(),
        _ body: @escaping @Sendable (DroverProgram, _ directory: String) async throws -> Void
    ) async throws {
        try await LoopbackServer.withServer(serving: mlflow) { url in
            try await withTemporaryDirectory { directory in
                try Self.write("prompts/greeting.md", "Say hello to {{name}}.", directory)
                try Self.write("drover.yaml", Self.spec("support"), directory)
                try await body(DroverProgram(in: directory, environment: ["DROVER_MLFLOW_URL": url]), directory)
            }
        }
    }

    static func write(_ path: String, _ text: String, _ directory: String) throws {
        let file = URL(filePath: "\(directory)/\(path)")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    func apply(_ drover: DroverProgram, _ more: String...) async throws {
        let ended = try await drover.run(DroverProgram.path, ["apply", "--yes", "--no-lock"] + more)
        try #require(ended.code == 0, "\(ended.output)\(ended.errors)")
    }

    @Test("An apply that was killed is listed as cut off: when, who, at which commit; until then, who has the lock")
    func cutOff() async throws {
        let mlflow = FakeMLflow()
        try await withShop(mlflow) { drover, _ in
            // This process, as it would be known had it begun at another time: one that has ended.
            let mark = try #require(ProcessMark.current()).split(separator: ":").map(String.init)
            let ended = "\(mark[0]):\(mark[1]):1"
            let holder = LockHolder(
                id: "gone", name: "anna", host: "desk", purpose: "apply", process: ended, commit: "3c79fa8b")
            guard case .taken = try await MLflowLock(mlflow.server(), stack: StackName("shop")).claim(as: holder) else {
                Issue.record("The lock was not taken.")
                return
            }
            let open = try await drover("history")
            #expect(open.code == 0 && open.output == "Nothing was applied yet.\n", "\(open.output)\(open.errors)")
            #expect(open.errors.contains("still at work or cut off: anna on desk (apply"), "\(open.errors)")
            let applied = try await drover("apply", "--yes")
            #expect(applied.code == 0, "\(applied.output)\(applied.errors)")
            let list = try await drover("history")
            let lines = list.output.split(separator: "\n")
            try #require(lines.count == 3, "\(list.output)")
            #expect(lines[1].contains("2 created") && lines[1].contains("done"), "\(list.output)")
            for word in ["anna", "3c79fa8", "apply", "cut off"] { #expect(lines[2].contains(word), "\(list.output)") }
            #expect(list.errors == "", "\(list.errors)")
            let json = try Value(json: try await drover("history", "--format", "json").output.utf8)
            #expect(json["applies"]?.array?.map { $0["cutOff"] } == [true, nil], "\(json)")
        }
    }

    @Test("Of one that was killed, whose record is a file, it is told who had the lock, until the next one lists it")
    func cutOffBesideFile() async throws {
        try await withShop { drover, directory in
            let lock = """
                {"number": 7, "since": "2026-01-31T12:00:00Z", "isReleased": false,
                "holder": {"id": "gone", "name": "anna", "host": "desk", "purpose": "apply"}}
                """
            try Self.write(".drover/shop.json.lock", lock, directory)
            let place = ["--record", "file:.drover/shop.json"]
            let open = try await drover(["history"] + place)
            #expect(open.code == 0 && open.errors.contains("still at work or cut off: anna on desk"), "\(open.errors)")
            let applied = try await drover(["apply", "--yes"] + place)
            #expect(applied.code == 0, "\(applied.output)\(applied.errors)")
            let list = try await drover(["history"] + place)
            let lines = list.output.split(separator: "\n")
            try #require(lines.count == 3, "\(list.output)")
            #expect(lines[2].contains("anna") && lines[2].contains("cut off") && list.errors == "", "\(list)")
        }
    }

    @Test("Applies that were killed one after the other are all listed, once")
    func cutOffTwice() async throws {
        let mlflow = FakeMLflow()
        try await withShop(mlflow) { drover, directory in
            let mark = try #require(ProcessMark.current()).split(separator: ":").map(String.init)
            for name in ["anna", "ben"] {
                let holder = LockHolder(
                    id: name, name: name, host: "desk", purpose: "apply", process: "\(mark[0]):\(mark[1]):1")
                let claim = try await MLflowLock(mlflow.server(), stack: StackName("shop")).claim(as: holder)
                guard case .taken = claim else {
                    Issue.record("The lock was not taken.")
                    return
                }
            }
            for team in ["support", "sales"] {
                try Self.write("drover.yaml", Self.spec(team), directory)
                let applied = try await drover("apply", "--yes")
                #expect(applied.code == 0, "\(applied.output)\(applied.errors)")
            }
            let list = try await drover("history").output
            #expect(list.split(separator: "\n").count { $0.contains("cut off") } == 2, "\(list)")
            for name in ["anna", "ben"] { #expect(list.contains(" \(name) "), "\(list)") }
        }
    }

    @Test("Each apply is listed with its number, and shown with its spec and files", arguments: [false, true])
    func history(inFile: Bool) async throws {
        try await withShop { drover, directory in
            let place = inFile ? ["--record", "file:.drover/shop.json"] : []
            func run(_ words: String...) async throws -> DroverProgram.Ended {
                try await drover.run(DroverProgram.path, words + place)
            }
            let none = try await run("history")
            #expect(none.code == 0 && none.output == "Nothing was applied yet.\n", "\(none.errors)")
            #expect(try await run("apply", "--yes", "--no-lock").code == 0)
            try Self.write("drover.yaml", Self.spec("sales"), directory)
            #expect(try await run("apply", "--yes", "--no-lock").code == 0)
            let list = try await run("history")
            let lines = list.output.split(separator: "\n")
            #expect(
                lines.count == 3 && lines[1].contains("1 changed") && lines[2].contains("2 created"), "\(list.output)")
            let json = try Value(json: try await run("history", "--format", "json").output.utf8)
            #expect(json["applies"]?.array?.map { $0["number"] } == [1, 2])
            let shown = try await run("history", "show", "1")
            #expect(shown.output.contains("prompts/greeting.md") && shown.output.contains("team: support"))
            let whole = try Value(json: try await run("history", "show", "1", "--format", "json").output.utf8)
            #expect(whole["files"]?.array?.map { $0["isKept"] } == [true])
            #expect(whole["plan"]?["changed"] == true && whole["applied"]?["experiments.answers"] != nil)
            let missing = try await run("history", "show", "7")
            #expect(missing.code == 64 && missing.errors.contains("from 1 to 2"), "\(missing.errors)")
        }
    }

    @Test("Drift that was accepted is in the history, with its fields")
    func acceptedDrift() async throws {
        let mlflow = FakeMLflow()
        try await withShop(mlflow) { drover, directory in
            try await apply(drover)
            let server = mlflow.server()
            let answers = try #require(try await server.experiments().first { $0.tags["team"] != nil })
            try await server.setExperimentTag(answers.id, "team", to: "theirs")
            let spec = Self.spec("support").replacing("tags: {team: support}", with: "tags: {}")
            try #require(spec != Self.spec("support"))
            try Self.write("drover.yaml", spec, directory)
            let accepted = try await drover("drift", "--accept", "--yes")
            #expect(accepted.code == 0, "\(accepted.output)\(accepted.errors)")
            // By its lock it is known as one that came to its end.
            let run = try #require(mlflow.store.runs.first { $0.name == "drift --accept" })
            #expect(run.tags.contains { $0.key == "drover.lock" }, "\(run.tags)")
            let list = try await drover("history")
            #expect(list.output.contains("drift --accept") && list.output.contains("1 accepted"), "\(list.output)")
            let shown = try await drover("history", "show", "2")
            #expect(shown.output.contains("accept experiments.answers tags.team: done"), "\(shown)")
            let back = try await drover("rollback", "--to", "2", "--yes")
            #expect(back.code != 0 && back.errors.contains("error["), "\(back)")
            #expect(try await drover("plan", "--exit-code").code == 0)
        }
    }

    @Test("A rollback is an ordinary plan against what was rendered, with its files as they were")
    func rollback() async throws {
        let mlflow = FakeMLflow()
        try await withShop(mlflow) { drover, directory in
            try await apply(drover)
            try Self.write("drover.yaml", Self.spec("sales", more: "  bye: {template: Bye.}"), directory)
            try Self.write("prompts/greeting.md", "Say hi.", directory)
            try await apply(drover)
            let back = try await drover("rollback", "--to", "1", "--yes")
            #expect(back.code == 0, "\(back.output)\(back.errors)")
            #expect(
                back.output.contains("~ experiments.answers") && back.output.contains("~ prompts.greeting"),
                "\(back.output)")
            // The text is that of the first version, which the registry still has.
            #expect(mlflow.store.registeredModels.first { $0.name == "greeting" }?.aliases == ["production": 1])
            #expect(back.output.contains("prompts.bye"))
            let empty = try await drover("rollback", "--to", "1", "--yes")
            #expect(empty.code == 0 && empty.output.contains("Nothing to change"), "\(empty.output)")
            let plan = try await drover("plan", "--exit-code")
            #expect(plan.code == 2 && plan.output.contains("support → sales"), "\(plan.output)")
            let list = try await drover("history")
            #expect(list.output.contains("rollback --to 1"), "\(list.output)")
        }
    }

    @Test("What is not kept is taken from the directory while it is as it was, and listed before a plan when it is not")
    func notKept() async throws {
        let mlflow = FakeMLflow()
        try await withShop(mlflow) { drover, directory in
            let record = ["--record", "file:.drover/shop.json"]
            try await apply(drover, "--record", "file:.drover/shop.json")
            try FileManager.default.removeItem(atPath: "\(directory)/.drover/shop.files")
            try Self.write("drover.yaml", Self.spec("sales"), directory)
            try Self.write("prompts/greeting.md", "Say hi.", directory)
            try await apply(drover, "--record", "file:.drover/shop.json")
            mlflow.cut(.never)
            let missing = try await drover.run(DroverProgram.path, ["rollback", "--to", "1", "--yes"] + record)
            #expect(missing.code == 10 && missing.errors.contains("files-not-kept"), "\(missing.errors)")
            #expect(missing.errors.contains("`prompts/greeting.md`, 22 bytes") && mlflow.arrivals.isEmpty)
            try Self.write("prompts/greeting.md", "Say hello to {{name}}.", directory)
            let back = try await drover.run(DroverProgram.path, ["rollback", "--to", "1", "--yes"] + record)
            #expect(back.code == 0 && back.output.contains("sales → support"), "\(back.output)\(back.errors)")
        }
    }

    @Test("A file with a whole path that is another one by now is told, and not taken for what was applied")
    func elsewhere() async throws {
        try await withShop { drover, directory in
            try await withTemporaryDirectory { outside in
                try Self.write("hello.md", "Say hello.", outside)
                let named = Self.spec("support").replacing("prompts/greeting.md", with: "\(outside)/hello.md")
                try Self.write("drover.yaml", named, directory)
                try await apply(drover, "--allow-outside")
                try Self.write("hello.md", "Say hi.", outside)
                try await apply(drover, "--allow-outside")
                let refused = try await drover("rollback", "--to", "1", "--yes", "--allow-outside")
                #expect(refused.code == 10 && refused.errors.contains("error[files-elsewhere]"), "\(refused)")
                #expect(refused.errors.contains("hello.md`, 10 bytes, SHA-256"), "\(refused.errors)")
                try Self.write("hello.md", "Say hello.", outside)
                let back = try await drover("rollback", "--to", "1", "--yes", "--allow-outside")
                #expect(back.code == 0 && back.output.contains("~ prompts.greeting"), "\(back)")
            }
        }
    }

    @Test("An apply whose spec is gone cannot be gone back to; one that never was neither")
    func noSpec() async throws {
        try await withShop { drover, directory in
            let record = ["--record", "file:.drover/shop.json"]
            try await apply(drover, "--record", "file:.drover/shop.json")
            let never = try await drover.run(DroverProgram.path, ["rollback", "--to", "9", "--yes"] + record)
            #expect(never.code == 64 && never.errors.contains("no-such-apply"), "\(never.errors)")
            try FileManager.default.removeItem(atPath: "\(directory)/.drover/shop.runs/1/spec.yaml")
            let gone = try await drover.run(DroverProgram.path, ["rollback", "--to", "1", "--yes"] + record)
            #expect(gone.code == 10 && gone.errors.contains("no-kept-spec"), "\(gone.errors)")
        }
    }

    @Test("A kept spec that was cut off or edited is not gone back to, and one without a sum is")
    func damagedSpec() async throws {
        try await withShop { drover, directory in
            let record = ["--record", "file:.drover/shop.json"]
            try await apply(drover, "--record", "file:.drover/shop.json")
            let file = URL(filePath: "\(directory)/.drover/shop.runs/1/spec.yaml")
            let kept = try String(contentsOf: file, encoding: .utf8)
            let cutOff = String(kept.dropLast(kept.count / 3))
            for text in [cutOff, kept.replacing("team: support", with: "team: theirs")] {
                try #require(text != kept)
                try Data(text.utf8).write(to: file)
                let refused = try await drover.run(DroverProgram.path, ["rollback", "--to", "1", "--yes"] + record)
                #expect(refused.code == 10 && refused.errors.contains("no-kept-spec"), "\(refused)")
            }
            let older = try #require(kept.split(separator: "\n", maxSplits: 1).last)
            try Data(older.utf8).write(to: file)
            let back = try await drover.run(DroverProgram.path, ["rollback", "--to", "1", "--yes"] + record)
            #expect(back.code == 0 && back.output.contains("Nothing to change"), "\(back)")
        }
    }

    @Test("What protects an object is kept, also where nothing else is to be done")
    func settings() async throws {
        try await withShop { drover, directory in
            try await apply(drover)
            let spec = Self.spec("support")
            let protecting = spec.replacing("greeting: {", with: "greeting: {protect: true, ")
            try Self.write("drover.yaml", protecting, directory)
            try await apply(drover)
            let without = spec.replacing(
                "prompts:\n  greeting: {template: {file: prompts/greeting.md}, alias: production}", with: "")
            try Self.write("drover.yaml", without, directory)
            let refused = try await drover("apply", "--yes")
            #expect(refused.code == 9 && refused.errors.contains("[protected]"), "\(refused.output)\(refused.errors)")
            try Self.write("drover.yaml", spec, directory)
            try await apply(drover)
            try Self.write("drover.yaml", without, directory)
            let gone = try await drover("apply", "--yes")
            #expect(gone.code == 0 && gone.output.contains("1 deleted"), "\(gone.output)\(gone.errors)")
        }
    }

    @Test("To look for drift of what was never applied is an error")
    func nothingApplied() async throws {
        try await withShop { drover, directory in
            let drift = try await drover("drift")
            #expect(drift.code == 1 && drift.errors.contains("[nothing-applied]"), "\(drift.output)\(drift.errors)")
        }
    }

    @Test("Outputs of what is applied are printed for scripts")
    func output() async throws {
        try await withShop { drover, directory in
            let early = try await drover("output")
            #expect(early.code == 1 && early.errors.contains("nothing-applied"), "\(early.errors)")
            try await apply(drover)
            let one = try await drover("output", "experiments.answers.name")
            #expect(one.code == 0 && one.output == "answers\n", "\(one.output)\(one.errors)")
            let json = try Value(json: try await drover("output", "--format", "json").output.utf8)
            #expect(json["prompts.greeting.version"] == 1, "\(json.prettyJSON)")
            let ofOne = try await drover("output", "experiments.answers")
            #expect(ofOne.output.hasPrefix("experiments.answers.id = "), "\(ofOne.output)")
            let typo = try await drover("output", "experiments.anwsers.name", "--spec", directory)
            #expect(
                typo.code == 64 && typo.errors.contains("Did you mean `experiments.answers.name`?"), "\(typo.errors)")
        }
    }
}
