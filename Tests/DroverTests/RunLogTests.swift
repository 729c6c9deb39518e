import Fakes
import FoundationEssentials
import Glibc
import Language
import Support
import Synchronization
import Testing
import Wire

/// The logs of test runs, as a user of the program meets them.
@Suite("Logs of test runs")
struct RunLogTests {
    private static let spec = """
        drover: v1
        stack: shop
        agents:
          support: {model: m, instructions: Be brief., log: false}
        suites:
          smoke:
            agent: support
            thresholds: {passRate: 0.5}
            cases:
              - {name: one, input: One, expect: [{equals: 1 messages}]}
              - {name: two, input: Two, expect: [{equals: 1 messages}]}
              - {name: wrong, input: Three, expect: [{equals: something else}]}
              - {name: four, input: Four, expect: [{equals: 1 messages}]}

        """

    private static func agent(
        _ meddle: @escaping @Sendable (_ question: String) -> HTTPResponse? = { _ in nil }
    ) -> MeddlingAgent {
        MeddlingAgent(streams: true, token: "t0ken-of-the-agent", meddle)
    }

    private func withShop(
        _ agent: MeddlingAgent, _ body: @escaping @Sendable (DroverProgram, String, [String]) async throws -> Void
    ) async throws {
        try await LoopbackServer.withServer(serving: agent) { url in
            try await withTemporaryDirectory { directory in
                try Data(Self.spec.utf8).write(to: URL(filePath: "\(directory)/drover.yaml"))
                let drover = DroverProgram(
                    in: directory, environment: ["DROVER_SERVED_TOKEN": "t0ken-of-the-agent"])
                let test = ["test", ".", "--target", "served", "--url", url, "--concurrency", "1"]
                try await body(drover, directory, test)
            }
        }
    }

    private static func logs(_ directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(directory)/.drover/runs").sorted()
    }

    @Test("A killed run is gone on with: what it finished is not asked again; its log holds no secret")
    func killed() async throws {
        let place = Mutex("")
        let agent = Self.agent { question in
            guard question == "Three" else { return nil }
            let path = place.withLock { place in
                defer { place = "" }
                return place
            }
            guard !path.isEmpty, let text = try? String(contentsOfFile: path, encoding: .utf8),
                let process = Int32(text.filter(\.isNumber))
            else { return nil }
            kill(process, SIGKILL)
            return HTTPResponse(status: 503)
        }
        try await withShop(agent) { drover, directory, test in
            place.withLock { $0 = "\(directory)/pid" }
            let words = ([DroverProgram.path] + test).map { "'\($0)'" }.joined(separator: " ")
            let killed = try await drover.run("/bin/sh", ["-c", "echo $$ > pid; exec \(words)"])
            #expect(killed.code == 128 + 9, "\(killed.output)\(killed.errors)")
            let name = try #require(try Self.logs(directory).first)
            let log = try String(contentsOfFile: "\(directory)/.drover/runs/\(name)", encoding: .utf8)
            #expect(log.contains("smoke/two") && !log.contains("t0ken-of-the-agent"))
            let resumed = try await drover.run(
                DroverProgram.path, test + ["--resume", String(name.dropLast(6)), "--report", "json=run.json"])
            #expect(
                resumed.code == 0 && resumed.output.contains("3 passed, 1 failed"), "\(resumed.output)\(resumed.errors)"
            )
            #expect(agent.questions == ["One", "Two", "Three", "Four"])
            let run = try Value(json: try FileBytes.read("\(directory)/run.json", atMost: 1 << 20))
            let id = try #require(run["id"]?.string)
            #expect(try Self.logs(directory).contains("\(id).jsonl") && resumed.errors.contains(id))
            let other = try await drover.run(DroverProgram.path, test + ["--resume", id, "--case", "one"])
            #expect(
                other.code == 64 && other.errors.contains("`smoke/two` is not among the cases now"), "\(other.errors)")
        }
    }

    @Test("Only what did not pass runs again; shards are joined and judged; reports are made from logs later")
    func later() async throws {
        let agent = Self.agent()
        try await withShop(agent) { drover, directory, test in
            func run(_ words: [String]) async throws -> DroverProgram.Ended {
                try await drover.run(DroverProgram.path, words)
            }
            let whole = try await run(test + ["--log", "whole.jsonl", "--report", "junit=whole.xml"])
            #expect(whole.code == 0, "\(whole.output)\(whole.errors)")
            let again = try await run(test + ["--log", "whole.jsonl"])
            #expect(again.code == 64 && again.errors.contains("log-exists") && again.errors.contains("`--resume`"))
            let failed = try await run(test + ["--failed-from", "whole.jsonl"])
            #expect(
                failed.code == 4 && failed.output.contains("0 passed, 1 failed"), "\(failed.output)\(failed.errors)")
            let junit = try await run(["report", "junit", "whole.jsonl", "--out", "later.xml"])
            #expect(junit.code == 0, "\(junit.errors)")
            #expect(
                try FileBytes.read("\(directory)/later.xml", atMost: 1 << 20)
                    == FileBytes.read("\(directory)/whole.xml", atMost: 1 << 20))
            let shards = [
                try await run(test + ["--shard", "1/2", "--log", "1.jsonl"]),
                try await run(test + ["--shard", "2/2", "--log", "2.jsonl"]),
            ]
            #expect(shards.map(\.code).sorted() == [0, 4], "\(shards)")
            let merged = try await run(["report", "merge", "2.jsonl", "1.jsonl", "--out", "merged.jsonl"])
            #expect(
                merged.code == 0 && merged.output.contains("3 passed, 1 failed"), "\(merged.output)\(merged.errors)")
            let html = try await run(["report", "html", "merged.jsonl"])
            #expect(html.code == 0 && html.output.hasPrefix("<!DOCTYPE html>"), "\(html.errors)")
            let half = try await run(["report", "merge", "2.jsonl"])
            #expect(half.code == 64 && half.errors.contains("missing-shard"), "\(half.errors)")
            let passed = try await run(test + ["--case", "one", "--log", "one.jsonl"])
            let none = try await run(test + ["--failed-from", "one.jsonl"])
            #expect(passed.code == 0 && none.code == 64 && none.errors.contains("nothing-failed"), "\(none.errors)")
        }
    }

    @Test("The report of joined shards shows how the joined runs before it went, each once")
    func joinedTrend() async throws {
        let agent = Self.agent()
        try await withShop(agent) { drover, directory, test in
            func joined(_ name: String) async throws -> String {
                for number in 1...2 where !FileManager.default.fileExists(atPath: "\(directory)/\(name)\(number)") {
                    _ = try await drover(test + ["--shard", "\(number)/2", "--log", "\(name)\(number)"])
                }
                let merged = try await drover("report", "merge", "\(name)1", "\(name)2", "--report", "html=out.html")
                #expect(merged.code == 0, "\(merged.output)\(merged.errors)")
                return try String(contentsOfFile: "\(directory)/out.html", encoding: .utf8)
            }
            #expect(try await !joined("a").contains("\"earlier\":"))
            let runs = "\(directory)/.drover/runs"
            let kept = try #require(try Self.logs(directory).first { $0.hasSuffix(".totals.json") })
            // As if it had been yesterday.
            let text = try String(contentsOfFile: "\(runs)/\(kept)", encoding: .utf8)
                .replacing(/"startedAt":"[^"]*"/, with: "\"startedAt\":\"2026-01-01T12:00:00Z\"")
            try FileManager.default.removeItem(atPath: "\(runs)/\(kept)")
            try Data(text.utf8).write(to: URL(filePath: "\(runs)/shop-20260101-120000-3f2a.totals.json"))
            #expect(try await joined("b").contains("\"earlier\":[{\"at\":\"2026-01-01T12:00:00Z\""))
            let again = try await joined("b")
            #expect(again.matches(of: /"at":"20[^"]*","failed"/).count == 1)
        }
    }

    @Test("What cannot be is told before anything is asked")
    func mistakes() async throws {
        let agent = Self.agent()
        try await withShop(agent) { drover, directory, test in
            try Data("question,answer\n".utf8).write(to: URL(filePath: "\(directory)/table.csv"))
            let words: [([String], String)] = [
                (["--shard", "6/5"], "bad-shard"), (["--shard", "0/5"], "`--shard 2/5`"),
                (["--shard", "auto/5"], "JOB_COMPLETION_INDEX"), (["--shard", "5/5"], "empty-shard"),
                (["--log", "/proc/run.jsonl"], "log-not-written"), (["--resume", "nothing"], "no-such-run"),
                (["--resume", "table.csv"], "not-a-log"), (["--failed-from", "table.csv"], "not-a-log"),
                (["--case", "one", "--label", "a=b"], "nothing-selected"),
            ]
            for (more, expected) in words {
                let ended = try await drover.run(DroverProgram.path, test + more)
                #expect([1, 64].contains(ended.code) && ended.errors.contains(expected), "\(more) \(ended.errors)")
            }
            #expect(agent.questions.isEmpty)
        }
    }

    @Test("A report never replaces the spec, what that names, or a log; nothing is asked then")
    func reportsSpareInputs() async throws {
        let agent = Self.agent()
        try await withShop(agent) { drover, directory, test in
            let kept = try await drover.run(DroverProgram.path, test + ["--case", "one", "--log", "one.jsonl"])
            #expect(kept.code == 0, "\(kept.errors)")
            let asked = agent.questions.count
            try FileManager.default.createSymbolicLink(
                atPath: "\(directory)/link.html", withDestinationPath: "\(directory)/drover.yaml")
            let commands = [
                test + ["--report", "tap=drover.yaml"], test + ["--report", "html=./link.html"],
                test + ["--log", "new.jsonl", "--report", "junit=new.jsonl"],
                test + ["--resume", "one.jsonl", "--case", "one", "--report", "json=one.jsonl"],
                test + ["--baseline", "one.jsonl", "--report", "markdown=one.jsonl"],
                ["report", "tap", "one.jsonl", "--out", "one.jsonl"],
                ["report", "merge", "one.jsonl", "--report", "tap=one.jsonl"],
                ["report", "tap", "one.jsonl", "--out", "drover.yaml"],
                ["report", "merge", "one.jsonl", "--report", "tap=./drover.yaml"],
            ]
            for command in commands {
                let ended = try await drover.run(DroverProgram.path, command)
                #expect(ended.code == 64 && ended.errors.contains("report-over-input"), "\(command) \(ended.errors)")
            }
            #expect(agent.questions.count == asked)
            #expect(try String(contentsOfFile: "\(directory)/drover.yaml", encoding: .utf8) == Self.spec)
            #expect(try String(contentsOfFile: "\(directory)/one.jsonl", encoding: .utf8).hasPrefix("{\"run\":"))
            #expect(!FileManager.default.fileExists(atPath: "\(directory)/new.jsonl"))
        }
    }

    @Test("What the server puts off is asked again as it wants it, and spends no attempt")
    func putOff() async throws {
        let left = Mutex(6)
        let agent = Self.agent { question in
            guard question == "Two" else { return nil }
            let isPutOff = left.withLock { left in
                defer { left -= 1 }
                return left > 0
            }
            return isPutOff ? HTTPResponse(status: 429, headers: [("retry-after", "0")]) : nil
        }
        try await withShop(agent) { drover, directory, test in
            let ended = try await drover.run(
                DroverProgram.path, test + ["--case", "two", "--report", "json=run.json"])
            #expect(ended.code == 0, "\(ended.output)\(ended.errors)")
            let run = try Value(json: try FileBytes.read("\(directory)/run.json", atMost: 1 << 20))
            let sample = run["suites"]?.array?.first?["cases"]?.array?.first?["samples"]?.array?.first
            #expect(sample?["attempts"] == 1 && left.withLock { $0 } < 0)
        }
    }

    @Test("Where the log cannot be written any more, the run ends with what is finished, and can be gone on with")
    func diskFull() async throws {
        let agent = Self.agent()
        try await withShop(agent) { drover, directory, test in
            let long = String(repeating: "Really? ", count: 4000)
            let spec = Self.spec.replacing(
                "- {name: two, input: Two, expect: [{equals: 1 messages}]}",
                with: "- name: two\n        input: \"\(long)\"\n        expect:\n          - equals: 1 messages")
            try Data(spec.utf8).write(to: URL(filePath: "\(directory)/drover.yaml"))
            let words = ([DroverProgram.path] + test).map { "'\($0)'" }.joined(separator: " ")
            // No file may grow beyond 24 KiB.
            let full = try await drover.run(
                "/bin/bash", ["-c", "trap '' XFSZ; ulimit -f 24; exec \(words)"])
            #expect(full.code == 1 && full.errors.contains("samples-not-written"), "\(full.output)\(full.errors)")
            #expect(full.errors.contains("`--log`") && full.output.contains("smoke"))
            let name = try #require(try Self.logs(directory).first)
            let resumed = try await drover.run(
                DroverProgram.path, test + ["--resume", String(name.dropLast(6))])
            #expect(resumed.code == 0, "\(resumed.output)\(resumed.errors)")
            #expect(agent.questions.count { $0 == "One" } == 1)
        }
    }

    @Test("An answer of 2 MB is judged, logged and reported")
    func large() async throws {
        let text = String(repeating: "0123456789", count: 200_000) + " end"
        let agent = Self.agent { $0 == "Three" ? MeddlingAgent.answer(text) : nil }
        try await withShop(agent) { drover, directory, test in
            let spec = Self.spec.replacing("equals: something else", with: "contains: 9 end")
            try Data(spec.utf8).write(to: URL(filePath: "\(directory)/drover.yaml"))
            let ended = try await drover.run(
                DroverProgram.path, test + ["--log", "run.jsonl", "--report", "html=run.html"])
            #expect(ended.code == 0 && ended.output.contains("4 passed"), "\(ended.output)\(ended.errors)")
            let report = try await drover.run(DroverProgram.path, ["report", "junit", "run.jsonl", "--out", "run.xml"])
            #expect(report.code == 0, "\(report.errors)")
        }
    }
}
