import FoundationEssentials
import Language
import Runtime
import Testing

@testable import Suites

@Suite("Shards")
struct ShardTests {
    private func suite(_ name: String, _ count: Int, thresholds: Thresholds = Thresholds()) throws -> TestSuite {
        let cases = try (1...count).map { number in
            TestCase(
                id: CaseID(suite: name, name: "case \(number)"), name: "case \(number)", range: place(UInt32(number)),
                turns: [
                    Turn(
                        input: template("\(number)"), inputRange: place(2),
                        expectations: [try expectation(#"{"contains": "yes"}"#)])
                ])
        }
        let range = place(name == "a" ? 1 : 9)
        return TestSuite(name: name, agent: "a", range: range, thresholds: thresholds, cases: cases)
    }

    @Test("Shards are disjoint, together everything, of equal size, and the same each time", arguments: [1, 2, 3, 7])
    func dealt(of: Int) throws {
        let suites = [try suite("a", 9), try suite("b", 5)]
        let parts = try (1...of).map { try Shard("\($0)/\(of)", jobIndex: nil).dealt(from: suites).flatMap(\.cases) }
        let ids = parts.map { $0.map(\.id.description) }
        #expect(ids.joined().count == 14 && Set(ids.joined()).count == 14)
        #expect(ids.map(\.count).max() ?? 0 <= (ids.map(\.count).min() ?? 0) + 1)
        #expect(
            try Shard("1/\(of)", jobIndex: nil).dealt(from: suites).flatMap(\.cases).map(\.id.description) == ids[0])
    }

    @Test("A shard is a number of several, or that of an Indexed Job, which counts from 0")
    func reading() throws {
        #expect(try Shard("2/5", jobIndex: nil).description == "2/5")
        #expect(try Shard("auto/5", jobIndex: "0").description == "1/5")
        #expect(try Shard("auto/5", jobIndex: "4").description == "5/5")
        for text in ["6/5", "0/5", "2/0", "2", "a/b", "2/5/1", "-1/5", "", "/", "auto/5"] {
            let problem = #expect(throws: Diagnostic.self) { try Shard(text, jobIndex: nil) }
            #expect(problem?.code == "bad-shard" && problem?.cause == .usage)
        }
        #expect(throws: Diagnostic.self) { try Shard("auto/5", jobIndex: "5") }
        let odd = #expect(throws: Diagnostic.self) { try Shard("auto/5", jobIndex: "x") }
        #expect(
            odd?.detail == "`auto/5` takes its number from `JOB_COMPLETION_INDEX`, and `x` is no number.")
    }

    @Test("A shard for which there is no case is a mistake, not a pass")
    func empty() throws {
        let suites = [try suite("a", 2)]
        let problem = #expect(throws: Diagnostic.self) { try Shard("3/3", jobIndex: nil).dealt(from: suites) }
        #expect(problem?.code == "empty-shard")
    }

    private func run(
        _ shard: String?, _ suites: [TestSuite], version: String = "1", of agent: String = "a",
        changed: Set<String> = [], ends: Bool = true, as id: String? = nil, resuming earlier: RecordedRun? = nil
    ) async throws -> RecordedRun {
        var sources = SourceMap()
        _ = sources.add(Source(path: "spec.yaml", bytes: []))
        let shard = try shard.map { try Shard($0, jobIndex: nil) }
        let selected = try shard?.dealt(from: suites) ?? suites
        let log = try SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
        let record = RunRecord(
            id: id, stack: "s", version: "1.0.0", startedAt: "2026-06-01T12:00:00Z", sources: sources,
            versions: suites.versions.merging(["agents.\(agent)": version]) { $1 }, shard: shard,
            resuming: earlier)
        let recorder = try RunRecorder(record, selected, in: sources, to: log)
        let replies = (1...9).map { ("\($0)", [ScriptedRuntime.Reply.answer(.said($0 == 3 ? "no" : "yes"))]) }
        let runner = SuiteRunner(
            runtime: ScriptedRuntime(Dictionary(uniqueKeysWithValues: replies)),
            clock: TestClock(behaviour: .standingStill), today: CalendarDay(secondsSince1970: 0)
        ) { AgentDefinition(name: $0, model: "m", instructions: "") }
        let kept = try earlier.map { try EarlierRun($0, for: record, selected, in: sources) }
        try await runner.run(shard == nil ? selected : selected.map(\.asShard), recording: recorder, after: kept)
        return ends ? try recorder.end(after: .seconds(1), changed: changed) : try recorder.recorded
    }

    @Test(
        "What has changed while one shard ran has changed while all did; nobody looked at the end of one that was cut off"
    )
    func changedMeanwhile() async throws {
        let suites = [try suite("a", 4), try suite("b", 4)]
        func joined(_ parts: [RecordedRun]) throws -> Set<String> {
            let log = try SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
            return try ShardMerge(parts).write(to: log, as: "s-2", version: "1.0.0").changed
        }
        let (one, two) = (try await run("1/2", suites), try await run("2/2", suites, changed: ["b"]))
        #expect(try joined([one, try await run("2/2", suites)]).isEmpty)
        #expect(try joined([one, two]) == ["b"])
        let cut = try await run("1/2", suites, ends: false)
        #expect(!cut.hasEnded && cut.changed.isEmpty)
        #expect(try joined([cut, try await run("2/2", suites)]) == ["a", "b"])
    }

    @Test("What changed while a shard ran is known to all that go on with it, also after one that was cut off")
    func changedBefore() async throws {
        let suites = [try suite("a", 4), try suite("b", 4)]
        let one = try await run("1/2", suites, changed: ["b"], as: "one")
        let two = try await run("1/2", suites, ends: false, as: "two", resuming: one)
        #expect(!two.hasEnded && two.changed == ["b"])
        let read = try RecordedRun.read(two.log)
        #expect(!read.hasEnded && read.changed == ["b"])
        let three = try await run("1/2", suites, changed: ["a"], as: "three", resuming: read)
        #expect(three.changed == ["a", "b"])
        #expect(try await run("1/2", suites, as: "four").record.changed == nil)
    }

    @Test("What was cut off while it took over samples is neither gone on with nor joined: it would try them again")
    func notTakenOver() async throws {
        let suites = [try suite("a", 6)]
        let one = try await run("1/2", suites, as: "one")
        let two = try await run("1/2", suites, as: "two", resuming: one)
        var lines: [[UInt8]] = []
        try two.log.forEachLine { (_, line) throws(Diagnostic) in lines.append(line) }
        let declared = try #require(lines.firstIndex { $0.starts(with: Array(#"{"sample""#.utf8)) })
        let log = try SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
        for line in lines[...declared] { _ = try log.append(line + [UInt8(ascii: "\n")]) }
        let cut = try RecordedRun.read(log)
        #expect(two.lost == 0 && cut.lost == 2 && one.lost == 0)
        let resumed = await #expect(throws: Diagnostic.self) {
            _ = try await run("1/2", suites, as: "three", resuming: cut)
        }
        #expect(resumed?.code == "not-taken-over" && resumed?.fix == "Go on with the run `one` itself.")
        let other = try await run("2/2", suites)
        let joined = #expect(throws: Diagnostic.self) { try ShardMerge([cut, other]) }
        #expect(joined?.detail.hasSuffix("2 of 3 samples are not in it.") == true)
    }

    @Test("A run knows all that it went on with, directly or not, and itself")
    func ancestry() async throws {
        let suites = [try suite("a", 2)]
        let one = try await run("1/2", suites, as: "one")
        let two = try await run("1/2", suites, as: "two", resuming: one)
        let three = try await run("1/2", suites, as: "three", resuming: two)
        #expect(one.record.lineageIDs == ["one"] && three.record.lineageIDs == ["one", "two", "three"])
    }

    @Test("Joined shards are the whole run, in its order, with its thresholds")
    func merge() async throws {
        let rate = Thresholds(passRate: Located(0.8, at: place(3)))
        let suites = [try suite("a", 9, thresholds: rate), try suite("b", 2)]
        let whole = try await run(nil, suites)
        var parts: [RecordedRun] = []
        for number in [2, 3, 1] { parts.append(try await run("\(number)/3", suites)) }
        // By its cases alone, the shard with the wrong answer failed.
        #expect(parts.map(\.run.verdict).sorted { $0.rawValue < $1.rawValue } == [.failed, .passed, .passed])
        let log = try SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
        let merged = try ShardMerge(parts).write(to: log, as: "s-2", version: "1.0.0")
        #expect(merged.run.verdict == .passed && merged.run.id == "s-2" && merged.run.shard == nil)
        #expect(merged.run.suites.map(\.thresholds) == whole.run.suites.map(\.thresholds))
        #expect(
            try merged.shown.map { $0.cases.map(\.id.description) }
                == whole.shown.map { $0.cases.map(\.id.description) })
        #expect(try merged.shown.map { $0.cases.map(\.verdict) } == whole.shown.map { $0.cases.map(\.verdict) })
    }

    @Test("A shard whose log ends before its cases is not joined; one that ends later is inconclusive")
    func truncated() async throws {
        let suites = [try suite("a", 6)]
        let (one, two) = (try await run("1/2", suites), try await run("2/2", suites))
        var lines: [[UInt8]] = []
        try one.log.forEachLine { (_, line) throws(Diagnostic) in lines.append(line) }
        func part(_ count: Int) throws -> RecordedRun {
            let log = try SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
            for line in lines.prefix(count) { _ = try log.append(line + [UInt8(ascii: "\n")]) }
            return try RecordedRun.read(log)
        }
        let declared = try #require(lines.firstIndex { $0.starts(with: Array(#"{"sample""#.utf8)) })
        let early = try part(declared - 1)
        #expect(early.undeclared == 1 && early.warning?.detail.contains("1 of its 3 cases") == true)
        let problem = #expect(throws: Diagnostic.self) { try ShardMerge([early, two]) }
        #expect(problem?.code == "shard-truncated" && problem?.cause == .inconclusive)
        // Earlier versions did not count the cases.
        lines[0] = Array(String(decoding: lines[0], as: UTF8.self).replacing("\"cases\":3,", with: "").utf8)
        let old = try part(declared - 1)
        #expect(old.record.cases == nil)
        let unknown = #expect(throws: Diagnostic.self) { try ShardMerge([old, two]) }
        #expect(unknown?.code == "shard-truncated")
        #expect(try ShardMerge([try part(declared + 1), two]).warnings.count == 1)
        let late = try ShardMerge([try part(declared + 1), two])
        #expect(late.warnings.map(\.code) == ["shard-cut-off"])
        let log = try SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
        #expect(try late.write(to: log, as: "s-2", version: "1.0.0").run.verdict != .passed)
        #expect(one.warning == nil)
    }

    @Test("Of a shard and the runs that it went on with, each sample is taken once, from the newest")
    func lineage() async throws {
        let suites = [try suite("a", 6)]
        let first = try await run("1/2", suites, as: "r1")
        let second = try await run("1/2", suites, as: "r2", resuming: first)
        let third = try await run("1/2", suites, as: "r3", resuming: second)
        let other = try await run("2/2", suites, as: "o1")
        for shards in [[third, other], [first, other, second, third], [third, other, first]] {
            let log = try SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
            let merged = try ShardMerge(shards).write(to: log, as: "s-2", version: "1.0.0")
            #expect(merged.run.suites[0].cases.map(\.samples) == [1, 1, 1, 1, 1, 1])
            // Also what is not named counts as taken: no other joined run may add it as evidence.
            #expect(merged.record.parts == ["o1", "r1", "r2", "r3"])
        }
        let branch = try await run("1/2", suites, as: "r4", resuming: first)
        let problem = #expect(throws: Diagnostic.self) { try ShardMerge([third, branch, other]) }
        #expect(problem?.code == "doubled-shard")
        #expect(problem?.detail.hasSuffix("both went on with the run `r1`, whose samples would count twice.") == true)
        let stranger = try await run("1/2", suites, as: "r5")
        let unrelated = #expect(throws: Diagnostic.self) { try ShardMerge([first, stranger, other]) }
        #expect(unrelated?.detail.hasSuffix("and neither went on with the other.") == true)
    }

    @Test("Shards that are missing, named twice, or not of one run are not joined")
    func mistakes() async throws {
        let suites = [try suite("a", 6)]
        let (one, two) = (try await run("1/2", suites), try await run("2/2", suites))
        func code(_ parts: [RecordedRun]) -> Diagnostic.Code? {
            do throws(Diagnostic) {
                _ = try ShardMerge(parts)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code([one, two]) == nil)
        #expect(code([one]) == "missing-shard")
        #expect(code([one, one]) == "doubled-shard")
        #expect(code([one, two, two]) == "doubled-shard")
        #expect(code([try await run(nil, suites)]) == "not-a-shard")
        #expect(code([one, try await run("2/3", suites)]) == "shards-differ")
        #expect(code([one, try await run("2/2", suites, version: "2")]) == "shards-differ")
        #expect(code([one, try await run("2/2", [try suite("a", 7)])]) == "shards-differ")
        let first = try await run("1/3", suites)
        let second = try await run("2/3", suites, version: "1", of: "b")
        #expect(code([first, second, try await run("3/3", suites, version: "2", of: "b")]) == "shards-differ")
        #expect(code([first, second, try await run("3/3", suites, version: "1", of: "b")]) == nil)
    }
}
