import Engine
import Fakes
import FoundationEssentials
import Language
import Records
import Support
import Synchronization
import Testing
import Wire

/// The record, where it is made again, moved or damaged.
extension HistoryCommandTests {
    @Test("The state is shown, made again from the marks, and the plan stays empty")
    func state() async throws {
        try await withShop { drover, _ in
            try await apply(drover)
            let before = try await drover("state", "show")
            #expect(before.output.contains("tags.team: support") && before.output.contains("about MLflow at"))
            for command in [["state", "rebuild", "--yes"], ["plan"]] {
                let folder = try await drover.run(DroverProgram.path, command + ["--record", "file:."])
                #expect(folder.code == 64 && folder.output.isEmpty, "\(folder.output)")
                #expect(folder.errors.contains("such as `./shop.record.json`"), "\(folder.errors)")
            }
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
}
