import Fakes
import Foundation
import Glibc
import Language
import Support
import Testing

/// Files that cannot be written: a disk that is full, a place that nobody may write to.
@Suite("Full disks and forbidden places")
struct FullDiskTests {
    private static func spec(_ team: String) -> String {
        let prompts = (1...8).map { "  p\($0): {template: Be \(team) \($0)., tags: {team: \(team)}}" }
        return "drover: v1\nstack: shop\nexperiments: {answers: {tags: {team: \(team)}}}\nprompts:\n"
            + prompts.joined(separator: "\n") + "\n"
    }

    private static func write(_ spec: String, _ directory: String) throws {
        try Data(spec.utf8).write(to: URL(filePath: "\(directory)/drover.yaml"))
    }

    /// The files of a directory, all of whose paths begin so.
    private static func files(_ directory: String, _ prefix: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: directory).filter { $0.hasPrefix(prefix) }.sorted()
    }

    private func withShop(
        _ body: @escaping @Sendable (DroverProgram, _ directory: String, FakeMLflow) async throws -> Void
    ) async throws {
        let mlflow = FakeMLflow()
        try await LoopbackServer.withServer(serving: mlflow) { url in
            try await withTemporaryDirectory { directory in
                try Self.write(Self.spec("kind"), directory)
                let drover = DroverProgram(
                    in: directory,
                    environment: ["DROVER_MLFLOW_URL": url, "XDG_CACHE_HOME": "\(directory)/cache"])
                try await body(drover, directory, mlflow)
            }
        }
    }

    /// Runs it where no file can grow beyond some blocks of 512 bytes, as on a disk that is full.
    private static func run(
        _ drover: DroverProgram, blocks: Int, _ words: String...
    ) async throws -> DroverProgram.Ended {
        try await run(drover, blocks: blocks, words)
    }

    private static func run(
        _ drover: DroverProgram, blocks: Int, _ words: [String]
    ) async throws -> DroverProgram.Ended {
        let script = "trap '' XFSZ; ulimit -f \(blocks); exec \"$0\" \"$@\""
        return try await drover.run("/bin/sh", ["-c", script, DroverProgram.path] + words)
    }

    @Test("A plan that cannot be saved is told, and leaves none behind", arguments: [0, 1, 4])
    func plan(blocks: Int) async throws {
        try await withShop { drover, directory, _ in
            let ended = try await Self.run(drover, blocks: blocks, "plan", "--out", "plan.json")
            #expect(ended.code == 1, "\(ended)")
            #expect(ended.errors.contains("error[") && ended.errors.contains("plan.json"), "\(ended.errors)")
            #expect(try Self.files(directory, "plan") == [])
            let again = try await drover("plan", "--out", "plan.json")
            #expect(again.code == 0, "\(again.errors)")
            #expect(try await drover("apply", "plan.json", "--yes", "--no-lock").code == 0)
        }
    }

    @Test(
        "A record that cannot be written is told, what it was stays whole, and the next apply makes what was left",
        arguments: 0...9)
    func record(blocks: Int) async throws {
        try await withShop { drover, directory, mlflow in
            let record = ["--yes", "--record", "file:record.json"]
            let first = try await drover.run(DroverProgram.path, ["apply"] + record)
            try #require(first.code == 0, "\(first.errors)")
            let before = try String(contentsOfFile: "\(directory)/record.json", encoding: .utf8)
            try Self.write(Self.spec("good").replacing("answers:", with: "results:"), directory)
            let ended = try await Self.run(drover, blocks: blocks, "apply", "--yes", "--record", "file:record.json")
            let told = ended.output + ended.errors
            // With enough room for each of the files, it is done.
            let isTold = told.contains("record.json") && told.contains("error[")
            #expect(ended.code == 0 ? blocks > 2 : isTold, "\(blocks): \(ended.code) \(told)")
            #expect(!told.contains("This is a bug"), "\(told)")
            let now = try String(contentsOfFile: "\(directory)/record.json", encoding: .utf8)
            #expect((try? Value(json: now.utf8)) != nil)
            if blocks <= 2 {
                #expect(now == before, "\(blocks)")
                #expect(mlflow.store.experiments.map(\.name) == ["Default", "answers"], "Nothing was changed.")
            }
            let next = try await drover.run(DroverProgram.path, ["apply"] + record)
            #expect(next.code == 0, "\(next.output)\(next.errors)")
            let plan = try await drover.run(
                DroverProgram.path, ["plan", "--exit-code", "--record", "file:record.json"])
            #expect(plan.code == 0, "\(plan.output)")
            #expect(mlflow.store.versions.count == 16, "One version of each prompt for each of its texts.")
        }
    }

    private static let suite = """
        drover: v1
        stack: shop
        agents: {support: {model: m, instructions: Be brief., log: false}}
        suites:
          smoke:
            agent: support
            cases:
              - {name: one, input: One, expect: [{equals: 1 messages}]}
              - {name: two, input: Two, expect: [{equals: 1 messages}]}

        """

    private func withSuite(
        _ body: @escaping @Sendable (DroverProgram, _ directory: String, _ test: [String]) async throws -> Void
    ) async throws {
        try await LoopbackServer.withServer(serving: FakeServedAgent(streams: true)) { agent in
            try await withTemporaryDirectory { directory in
                try Self.write(Self.suite, directory)
                try await body(
                    DroverProgram(in: directory, environment: ["XDG_CACHE_HOME": "\(directory)/cache"]), directory,
                    ["test", ".", "--target", "served", "--url", agent])
            }
        }
    }

    @Test("A report that has no room is told, keeps no other back, and can be made later from the log")
    func reports() async throws {
        try await withSuite { drover, directory, test in
            let reports = ["--report", "html=r.html", "--report", "tap=r.tap", "--log", "run.jsonl"]
            let ended = try await Self.run(drover, blocks: 24, test + reports)
            #expect(ended.code == 1, "\(ended)")
            #expect(ended.errors.contains("error[report-not-written]") && ended.errors.contains("`r.html`"), "\(ended)")
            #expect(ended.output.contains("2 passed"), "\(ended.output)")
            #expect(try Self.files(directory, "r.") == ["r.tap"])
            let later = try await drover("report", "html", "run.jsonl", "--out", "r.html")
            #expect(later.code == 0, "\(later.errors)")
            #expect(try Self.files(directory, "r.") == ["r.html", "r.tap"])
        }
    }

    @Test("A calibration that cannot be kept is told before the judge is asked")
    func calibration() async throws {
        try await withTemporaryDirectory { directory in
            let judge = "judges: {kind: {model: m, rubric: It is kind., labels: {file: labels.csv}}}\n"
            try Self.write("drover: v1\nstack: shop\n" + judge, directory)
            try Data("answer,label\nHello,pass\nGo away,fail\n".utf8)
                .write(to: URL(filePath: "\(directory)/labels.csv"))
            // In the place of the folder.
            try Data().write(to: URL(filePath: "\(directory)/calibrations"))
            let drover = DroverProgram(in: directory, environment: ["XDG_CACHE_HOME": "\(directory)/cache"])
            // Where nobody listens.
            let ended = try await drover("judge", "calibrate", "kind", ".", "--llamastack-url", "http://127.0.0.1:9")
            #expect(ended.code == 1 && ended.errors.contains("error[calibration-not-kept]"), "\(ended)")
            #expect(ended.errors.contains("calibrations/kind.json"), "\(ended.errors)")
        }
    }

    @Test("Joined shards without room leave no log behind, and are published also where a report of them has none")
    func joined() async throws {
        try await withSuite { drover, directory, test in
            for number in 1...2 {
                #expect(try await drover(test + ["--shard", "\(number)/2", "--log", "\(number).jsonl"]).code == 0)
            }
            let full = try await Self.run(
                drover, blocks: 1, ["report", "merge", "1.jsonl", "2.jsonl", "--out", "whole.jsonl"])
            #expect(full.code == 1 && full.errors.contains("error[samples-not-written]"), "\(full)")
            #expect(try Self.files(directory, "whole") == [], "Nothing is in the way of the next try.")
            let mlflow = FakeMLflow()
            try await LoopbackServer.withServer(serving: mlflow) { url in
                let ended = try await drover(
                    "report", "merge", "1.jsonl", "2.jsonl", "--report", "tap=/dev/full", "--mlflow-url", url)
                #expect(ended.code == 1 && ended.errors.contains("error[report-not-written]"), "\(ended)")
                #expect(!mlflow.arrivals.isEmpty)
            }
        }
    }

    @Test("What goes to standard output and has no room there is told; that nobody reads on is no mistake")
    func output() async throws {
        try await withSuite { drover, _, test in
            func shell(_ script: String) async throws -> DroverProgram.Ended {
                try await drover.run("/bin/sh", ["-c", script, DroverProgram.path])
            }
            let ended = try await drover.run(DroverProgram.path, test + ["--log", "run.jsonl"])
            #expect(ended.code == 0, "\(ended)")
            for words in ["report html run.jsonl", "render .", "explain agents", "validate . --format json"] {
                let full = try await shell("exec \"$0\" \(words) > /dev/full")
                #expect(full.code == 1 && full.errors.contains("error[output-not-written]"), "\(words) \(full)")
            }
            let read = try await shell("{ \"$0\" report html run.jsonl; echo \"code $?\" >&2; } | head -c 9")
            #expect(read.output == "<!DOCTYPE" && read.errors == "code 0\n", "\(read)")
        }
    }

    @Test("A log that has no room is told, and what was finished before is reported", arguments: [1, 2, 3])
    func log(blocks: Int) async throws {
        try await withSuite { drover, directory, test in
            let ended = try await Self.run(
                drover, blocks: blocks, test + ["--report", "tap=r.tap", "--log", "run.jsonl"])
            let told = ended.output + ended.errors
            #expect(ended.code == 1 && told.contains("error[samples-not-written]"), "\(blocks): \(told)")
            #expect(told.contains("`run.jsonl`") && !told.contains("This is a bug"), "\(told)")
        }
    }

    /// Whether a folder can be made read-only for a program, which takes privileges where the tests run as everybody.
    private static let canMount = geteuid() == 0 && access("/usr/bin/unshare", X_OK) == 0

    @Test("On a read-only file system each file that cannot be written is told by its name", .enabled(if: canMount))
    func readOnly() async throws {
        let mount = "mount --bind . . && mount -o remount,ro,bind . && cd \"$PWD\" && exec \"$0\" \"$@\""
        @Sendable func run(_ drover: DroverProgram, _ words: [String]) async throws -> DroverProgram.Ended {
            try await drover.run("/usr/bin/unshare", ["-m", "/bin/sh", "-c", mount, DroverProgram.path] + words)
        }
        try await withShop { drover, directory, mlflow in
            for (words, file, code) in [
                (["plan", "--out", "plan.json"], "plan.json", 1),
                (["apply", "--yes", "--record", "file:record.json"], "record.json", 8),
                (["apply", "--yes", "--no-lock", "--record", "file:record.json"], "record.json", 1),
            ] as [([String], String, Int32)] {
                let ended = try await run(drover, words)
                #expect(ended.code == code && ended.errors.contains(file), "\(words): \(ended)")
                #expect(ended.errors.contains("ead-only file system"), "\(words): \(ended)")
                #expect(!ended.errors.contains("This is a bug"), "\(ended.errors)")
            }
            #expect(mlflow.store.experiments.map(\.name) == ["Default"], "Nothing was changed.")
            // With the record in MLflow, nothing has to be written here.
            #expect(try await run(drover, ["apply", "--yes"]).code == 0)
        }
        try await withSuite { drover, directory, test in
            let told = try await run(drover, test + ["--report", "junit=r.xml"])
            #expect(told.code == 1 && told.errors.contains("`r.xml`"), "\(told)")
            let asked = try await run(drover, test + ["--log", "run.jsonl"])
            #expect(asked.code == 1 && asked.errors.contains("`run.jsonl`"), "\(asked)")
            let ended = try await run(drover, test)
            #expect(ended.code == 0 && ended.errors.contains("warning[log-not-kept]"), "\(ended)")
        }
    }

    @Test("A place that cannot be written to is told before anything is changed")
    func forbidden() async throws {
        try await withShop { drover, directory, mlflow in
            let places = ["/sys/drover.json", "drover.yaml/drover.json", "."]
            for place in places {
                let planned = try await drover("plan", "--out", place)
                #expect(planned.code != 0 && planned.code != 64, "\(place): \(planned)")
                #expect(planned.errors.contains("error[") && planned.errors.contains("`\(place)`"), "\(planned.errors)")
                let applied = try await drover("apply", "--yes", "--record", "file:\(place)")
                #expect(applied.code != 0, "\(place): \(applied)")
                #expect(applied.errors.contains("error[") && applied.errors.contains(place), "\(applied.errors)")
            }
            #expect(mlflow.store.experiments.map(\.name) == ["Default"])
            #expect(try await drover("apply", "--yes").code == 0)
        }
    }
}
