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
    private static func spec(_ team: String, more: String = "") -> String {
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
    private func withShop(
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

    private static func write(_ path: String, _ text: String, _ directory: String) throws {
        let file = URL(filePath: "\(directory)/\(path)")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    private func apply(_ drover: DroverProgram, _ more: String...) async throws {
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
            let accepted = try await drover("drift", "--accept", "--yes", "--no-lock")
            #expect(accepted.code == 0, "\(accepted.output)\(accepted.errors)")
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

    @Test("The state is shown, made again from the marks, and the plan stays empty")
    func state() async throws {
        try await withShop { drover, _ in
            try await apply(drover)
            let before = try await drover("state", "show")
            #expect(before.output.contains("tags.team: support") && before.output.contains("about MLflow at"))
            let refused = try await drover("state", "rebuild")
            #expect(refused.code == 64 && refused.errors.contains("nobody-to-ask"), "\(refused.errors)")
            let rebuilt = try await drover("state", "rebuild", "--yes")
            #expect(rebuilt.code == 0 && rebuilt.errors.contains("is lost"), "\(rebuilt.errors)")
            let after = try Value(json: try await drover("state", "show", "--format", "json").output.utf8)
            #expect(after["entries"]?.object?.keys.sorted() == ["experiments.answers", "prompts.greeting"])
            #expect(after["entries"]?["experiments.answers"]?["fields"] == [:])
            let plan = try await drover("plan", "--exit-code")
            #expect(plan.code == 0, "\(plan.output)")
        }
    }

    @Test("A record of another MLflow is refused with the names of both, and made again on request")
    func anotherServer() async throws {
        let other = FakeMLflow()
        try await withShop { drover, directory in
            let record = ["--record", "file:.drover/shop.json"]
            try await apply(drover, "--record", "file:.drover/shop.json")
            let before = FileManager.default.contents(atPath: "\(directory)/.drover/shop.json")
            try await LoopbackServer.withServer(serving: other) { url in
                let there = record + ["--mlflow-url", url]
                for command in [["plan"], ["apply", "--yes"], ["destroy", "--yes"], ["output"]] {
                    let spec = try await drover.run(DroverProgram.path, command + there)
                    #expect(spec.code == 7 && spec.errors.contains("record-of-another-server"), "\(spec.errors)")
                    #expect(spec.errors.contains(url))
                }
                #expect(FileManager.default.contents(atPath: "\(directory)/.drover/shop.json") == before)
                #expect(other.store.experiments.map(\.name) == ["Default"])
                let rebuilt = try await drover.run(DroverProgram.path, ["state", "rebuild", "--yes"] + there)
                #expect(rebuilt.code == 0, "\(rebuilt.errors)")
                let plan = try await drover.run(DroverProgram.path, ["plan", "--exit-code"] + there)
                #expect(plan.code == 2 && plan.output.contains("2 to create"), "\(plan.output)\(plan.errors)")
            }
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

    @Test("A server whose data began at another time is not taken for the same")
    func notTheSame() async throws {
        let other = FakeMLflow(begun: 1_800_000_000_000)
        try await withShop(FakeMLflow(begun: 1_700_000_000_000)) { drover, directory in
            let record = ["--record", "file:.drover/shop.json"]
            try await apply(drover, "--record", "file:.drover/shop.json")
            let before = FileManager.default.contents(atPath: "\(directory)/.drover/shop.json")
            try await LoopbackServer.withServer(serving: other) { url in
                let rebuild = ["state", "rebuild", "--same-servers", "--yes", "--mlflow-url", url] + record
                let refused = try await drover.run(DroverProgram.path, rebuild)
                #expect(refused.code == 7 && refused.errors.contains("[not-the-same-server]"), "\(refused.errors)")
                #expect(FileManager.default.contents(atPath: "\(directory)/.drover/shop.json") == before)
            }
        }
    }

    @Test("The record of a server that has a new address is kept once somebody says that it is the same")
    func newAddress() async throws {
        let mlflow = FakeMLflow()
        try await withShop(mlflow) { drover, directory in
            try await apply(drover, "--record", "file:.drover/shop.json")
            let path = "\(directory)/.drover/shop.json"
            // A record that knows only the address, as one of a server that tells nothing else of itself.
            let bytes = try #require(FileManager.default.contents(atPath: path))
            var record = try #require(try Value(json: bytes).object)
            record["servers"] = ["mlflow": ["name": "MLflow", "url": "http://old.test"]]
            try Data(Value.object(record).prettyJSON.utf8).write(to: URL(filePath: path))
            let before = FileManager.default.contents(atPath: path)
            func run(_ words: String...) async throws -> DroverProgram.Ended {
                try await drover.run(DroverProgram.path, words + ["--record", "file:.drover/shop.json"])
            }
            let refused = try await run("plan")
            #expect(refused.code == 7 && refused.errors.contains("http://old.test"), "\(refused.errors)")
            let fix = "`drover state rebuild --same-servers --record file:.drover/shop.json`"
            #expect(refused.errors.contains(fix), "\(refused.errors)")
            #expect(FileManager.default.contents(atPath: path) == before)
            let accepted = try await run("state", "rebuild", "--same-servers", "--yes")
            #expect(accepted.code == 0, "\(accepted.errors)")
            let plan = try await run("plan", "--exit-code")
            #expect(plan.code == 0, "\(plan.output)\(plan.errors)")
            #expect(try await run("state", "show").output.contains("tags.team: support"))
        }
    }

    @Test(
        "The history of a record that somebody deleted is told, goes on once it is restored, and begins anew where it is gone"
    )
    func deletedRecord() async throws {
        let mlflow = FakeMLflow()
        try await withShop(mlflow) { drover, directory in
            func numbers() async throws -> [Value?] {
                let ended = try await drover("history", "--format", "json")
                #expect(ended.code == 0, "\(ended.errors)")
                return try Value(json: ended.output.utf8)["applies"]?.array?.map { $0["number"] } ?? []
            }
            func record() throws -> FakeExperiment {
                try #require(mlflow.store.experiments.first { $0.name == "drover/shop" })
            }
            try await apply(drover)
            try await mlflow.server().deleteExperiment(try record().id)
            let told = try await drover("history")
            #expect(told.code == 0 && told.errors.contains("[deleted-record]"), "\(told.output)\(told.errors)")
            #expect(try await numbers() == [1])
            #expect(try record().isDeleted, "Reading changes nothing.")
            let unchanged = try await drover("plan", "--exit-code")
            #expect(unchanged.code == 0 && unchanged.errors.contains("[deleted-record]"), "\(unchanged.errors)")

            try Self.write("drover.yaml", Self.spec("sales"), directory)
            try await apply(drover)
            #expect(try await numbers() == [1, 2])
            let first = try await drover("history", "show", "1")
            #expect(first.output.contains("team: support"), "\(first.output)\(first.errors)")
            #expect(!first.errors.contains("[deleted-record]"), "\(first.errors)")

            let old = try record().id
            try await mlflow.server().deleteExperiment(old)
            mlflow.removeForGood(experiment: old)
            let none = try await drover("history")
            #expect(none.code == 0 && none.output == "Nothing was applied yet.\n", "\(none.output)\(none.errors)")
            try Self.write("drover.yaml", Self.spec("support"), directory)
            try await apply(drover)
            #expect(try await numbers() == [1])
            #expect(try record().id != old)
            #expect(try await drover("plan", "--exit-code").code == 0)
        }
    }

    @Test("A record that cannot be read is told, and made again from the marks; one of a newer version is left alone")
    func unreadable() async throws {
        try await withShop { drover, directory in
            let place = ["--record", "file:.drover/shop.json"]
            let path = URL(filePath: "\(directory)/.drover/shop.json")
            try await apply(drover, "--record", "file:.drover/shop.json")
            try Data("{\"entries\": 7".utf8).write(to: path)
            for words in [["plan"], ["state", "show"], ["history"], ["rollback", "--to", "1", "--yes"], ["output"]] {
                let ended = try await drover.run(DroverProgram.path, words + place)
                #expect(ended.code == 1 && ended.errors.contains("[record-unreadable]"), "\(words) \(ended.errors)")
            }
            let rebuilt = try await drover.run(DroverProgram.path, ["state", "rebuild", "--yes"] + place)
            #expect(rebuilt.code == 0, "\(rebuilt.errors)")
            let plan = try await drover.run(DroverProgram.path, ["plan", "--exit-code"] + place)
            #expect(plan.code == 0, "\(plan.output)\(plan.errors)")
            try Data("{\"format\": 99}".utf8).write(to: path)
            for words in [
                ["plan"], ["apply", "--yes"], ["destroy", "--yes"], ["state", "show"], ["state", "rebuild", "--yes"],
                ["state", "rebuild", "--same-servers", "--yes"], ["history"], ["rollback", "--to", "1", "--yes"],
                ["import", "experiments.answers", "1", "--yes"], ["output"],
            ] {
                let ended = try await drover.run(DroverProgram.path, words + place)
                #expect(ended.code == 10 && ended.errors.contains("[newer-record]"), "\(words) \(ended.errors)")
            }
            #expect(FileManager.default.contents(atPath: path.path) == Data("{\"format\": 99}".utf8))
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

    @Test("What exists becomes a part of the stack under its own name, and the plan shows how it differs")
    func importing() async throws {
        let mlflow = FakeMLflow()
        let server = mlflow.server()
        let old = try await server.createExperiment("old", tags: ["team": "sales"])
        let theirs = try await server.createExperiment(
            "theirs", tags: ["drover.stack": "bakery", "drover.address": "experiments.bread"])
        _ = try await server.createPrompt("saying", description: "", tags: [:])
        try await withShop(mlflow) { drover, _ in
            let bad: [(words: [String], code: Int32, name: String)] = [
                (["experiments.anwsers", old], 64, "not-declared"),
                (["experiments.answers", "99"], 64, "nothing-to-import"),
                (["experiments.answers", "saying"], 64, "another-kind"),
                (["experiments.answers", "models:/saying/9"], 64, "nothing-to-import"),
                (["experiments.answers", theirs], 7, "other-owner"),
                (["experiments.answers", old], 64, "nobody-to-ask"),
            ]
            for each in bad {
                let yes = each.name == "nobody-to-ask" ? [] : ["--yes"]
                let ended = try await drover.run(DroverProgram.path, ["import"] + each.words + yes)
                #expect(ended.code == each.code && ended.errors.contains("[\(each.name)]"), "\(ended.errors)")
            }
            #expect(mlflow.store.experiments.filter { $0.tags.contains { $0.value == "shop" } }.isEmpty)
            let done = try await drover("import", "experiments.answers", old, "--yes")
            #expect(done.code == 0, "\(done.errors)")
            let plan = try await drover("plan")
            #expect(plan.output.contains("~ experiments.answers") && plan.output.contains("name: old → answers"))
            #expect(plan.output.contains("1 to create, 1 to change"), "\(plan.output)")
            let again = try await drover("import", "experiments.answers", old)
            #expect(again.code == 0 && again.output.contains("already"), "\(again.errors)")
            let second = try await drover("import", "experiments.answers", theirs, "--yes", "--take-over")
            #expect(second.code == 7 && second.errors.contains("has-another"), "\(second.errors)")
            let list = try await drover("history")
            #expect(list.output.contains("1 imported"))
        }
    }

    @Test("What was imported is kept when its declaration goes, wherever the import was cut off")
    func cutImport() async throws {
        var number = 0
        var isCut = true
        while isCut {
            number += 1
            let mlflow = FakeMLflow()
            _ = try await mlflow.server().createPrompt("saying", description: "", tags: [:])
            let cut = FakeMLflow.Cut.after(number)
            let imported = ExitCode()
            try await withShop(mlflow) { drover, directory in
                mlflow.cut(cut)
                imported.set(try await drover("import", "prompts.greeting", "saying", "--yes", "--no-lock").code)
                mlflow.cut(.never)
                try Self.write("drover.yaml", "drover: v1\nstack: shop\nexperiments: {answers: {}}\n", directory)
                try await apply(drover, "--no-lock")
                #expect(mlflow.store.registeredModels.contains { $0.name == "saying" }, "\(cut)")
            }
            isCut = imported.value != 0
        }
        #expect(number > 5, "Requests are cut off.")
    }

    @Test("Another stack's object is taken over only when that is said")
    func takingOver() async throws {
        let mlflow = FakeMLflow()
        let theirs = try await mlflow.server().createExperiment(
            "theirs", tags: ["drover.stack": "bakery", "drover.address": "experiments.bread"])
        try await withShop(mlflow) { drover, _ in
            let done = try await drover("import", "experiments.answers", "theirs", "--yes", "--take-over")
            #expect(done.code == 0, "\(done.errors)")
            let tags = mlflow.store.experiments.first { $0.id == theirs }?.tags ?? []
            #expect(tags.contains { $0.key == "drover.stack" && $0.value == "shop" })
        }
    }
}

/// How a program ended, told out of a closure.
private final class ExitCode: Sendable {
    private let code = Mutex<Int32>(-1)

    var value: Int32 { code.withLock { $0 } }

    func set(_ value: Int32) { code.withLock { $0 = value } }
}
