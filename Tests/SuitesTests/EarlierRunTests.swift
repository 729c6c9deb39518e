import FoundationEssentials
import Language
import Runtime
import Testing
import Wire

@testable import Suites

@Suite("Going on with a run", .timeLimit(.minutes(20)))
struct EarlierRunTests {
    private func testCase(_ name: String, samples: Int = 1, asking question: String? = nil) throws -> TestCase {
        TestCase(
            id: CaseID(suite: "golden", name: name), name: name, range: place(1),
            turns: [
                Turn(
                    input: template(question ?? name), inputRange: place(2),
                    expectations: [try expectation(#"{"contains": "yes"}"#)])
            ], repetition: Repetition(samples: samples, atLeast: samples))
    }

    private func suite(_ cases: [TestCase]) -> TestSuite {
        TestSuite(name: "golden", agent: "a", range: place(1), cases: cases)
    }

    private var sources: SourceMap {
        var sources = SourceMap()
        _ = sources.add(Source(path: "spec.yaml", bytes: []))
        return sources
    }

    private func record(
        stack: String = "s", agent: String = "1", shard: Shard? = nil, key: String? = nil
    ) -> RunRecord {
        let evidence = key.map { StandingEvidence(key: $0, earlier: EarlierSamples()) }
        let evaluation = EvaluationRecord(
            place: MLflowPlace(experimentID: "0"),
            dataset: MLflowRunDataset(name: "golden", digest: "d", place: "spec.yaml", rows: 1), scorers: "s",
            evidence: evidence)
        return RunRecord(
            id: "s-1", stack: stack, version: "1.0.0", startedAt: "2026-06-01T12:00:00Z",
            evaluations: ["golden": evaluation], sources: sources, versions: ["agents.a": agent], shard: shard)
    }

    private func runner(_ runtime: ScriptedRuntime) -> SuiteRunner {
        SuiteRunner(
            runtime: runtime, clock: TestClock(behaviour: .standingStill), today: CalendarDay(secondsSince1970: 0),
            concurrency: 4
        ) { AgentDefinition(name: $0, model: "m", instructions: "") }
    }

    /// The log of a run, as far as it came until nothing moved any more.
    private func cutOff(_ cases: [TestCase], _ runtime: ScriptedRuntime, at path: String) async throws {
        let recorder = try RunRecorder(record(), [suite(cases)], in: sources, to: SampleLog.create(path))
        let (suites, runner) = ([suite(cases)], runner(runtime))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await runner.run(suites, recording: recorder) }  // It is cancelled below.
            while !isAsFar(recorder) { try await Task.sleep(for: .milliseconds(1)) }
            group.cancelAll()
        }
    }

    /// Whether one sample of each case that answers is there, and what the third case changes.
    private func isAsFar(_ recorder: RunRecorder) -> Bool {
        guard let recorded = try? recorder.recorded else { return false }
        let samples = recorded.positions(ofSuite: 0).map { recorded.tally(of: $0).samples }
        return samples == [1, 0, 0, 1] && !recorded.changes(in: CaseID(suite: "golden", name: "three")).isEmpty
    }

    /// What is left of a file after a kill: no entry that tells of an end, and a line that was cut.
    private func cut(_ path: String) throws {
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        let kept = lines.filter { !["{\"notRun\"", "{\"suiteEnd\"", "{\"end\""].contains(where: $0.hasPrefix) }
        let text = kept.joined(separator: "\n") + "\n" + #"{"sample":{"format":1,"case":"golden/tw"#
        try Data(text.utf8).write(to: URL(filePath: path))
    }

    @Test("Finished samples are kept, the rest runs, and what was cut off after a change is not held again")
    func resume() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "drover-\(UUID().uuidString).jsonl").path
        defer { try? FileManager.default.removeItem(atPath: path) }  // Left to the system where it fails.
        let cases = [
            try testCase("one"), try testCase("two"), try testCase("three"), try testCase("often", samples: 2),
        ]
        let first = ScriptedRuntime([
            "one": [.answer(.said("yes"))], "two": [.silence], "three": [.stuck([.toolStarted(name: "buy")])],
            "often": [.answer(.said("yes")), .silence],
        ])
        try await cutOff(cases, first, at: path)
        try cut(path)
        let earlier = try RecordedRun.read(SampleLog.read(path))
        #expect(!earlier.hasEnded && earlier.run.verdict == .inconclusive)
        let second = ScriptedRuntime(["two": [.answer(.said("yes"))], "often": [.answer(.said("yes"))]])
        let recorder = try RunRecorder([suite(cases)])
        let kept = try EarlierRun(earlier, for: record(), [suite(cases)], in: sources)
        try await runner(second).run([suite(cases)], recording: recorder, after: kept)
        let results = try recorder.end(after: .zero).shown
        #expect(second.log.questions.sorted() == ["often", "two"])
        #expect(results[0].cases.map(\.verdict) == [.passed, .passed, .inconclusive, .passed])
        #expect(results[0].cases.map { $0.samples.count } == [1, 1, 0, 2])
        #expect(results[0].cases[2].notRun?.code == "not-repeated")
        #expect(results[0].cases[2].notRun?.detail.contains("`buy`") == true)
        #expect(earlier.unpassed.map(\.slug).sorted() == ["often", "three", "two"])
        // Whoever goes on with that one does not hold it again either.
        let third = ScriptedRuntime(["three": [.answer(.said("yes"))]])
        let again = try EarlierRun(try recorder.recorded, for: record(), [suite(cases)], in: sources)
        let last = try RunRecorder([suite(cases)])
        try await runner(third).run([suite(cases)], recording: last, after: again)
        #expect(third.log.questions.isEmpty)
        #expect(try last.end(after: .zero).shown[0].cases[2].notRun?.code == "not-repeated")
    }

    @Test("A run goes on only with the same cases, agents, stack and shard, and says what differs")
    func differences() throws {
        let cases = [try testCase("one"), try testCase("two")]
        let log = try SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
        let earlier = try RunRecorder(record(key: "k1"), [suite(cases)], in: sources, to: log).recorded
        func difference(_ record: RunRecord, _ cases: [TestCase]) -> String {
            do throws(Diagnostic) {
                _ = try EarlierRun(earlier, for: record, [suite(cases)], in: sources)
                return ""
            } catch {
                return error.code == "another-run" ? error.detail : "\(error)"
            }
        }
        #expect(difference(record(), cases) == "")
        #expect(difference(record(key: "k1"), cases) == "")
        #expect(
            difference(record(key: "k2"), cases).contains(
                "cannot go on: its samples of `golden` count as evidence of something else: the agent with all that it needs, "
                    + "the suite with its thresholds"))
        #expect(difference(record(stack: "t"), cases).hasSuffix("cannot go on: it was of the stack `s`."))
        #expect(difference(record(agent: "2"), cases).hasSuffix("`agents.a` is another version now."))
        #expect(
            difference(record(shard: try Shard("1/2", jobIndex: nil)), cases).hasSuffix(
                "cannot go on: it was no shard."))
        let shard = try Shard("1/2", jobIndex: nil)
        let other = try SampleLog.temporary(in: FileManager.default.temporaryDirectory.path)
        let part = try RunRecorder(record(shard: shard), [suite([cases[0]])], in: sources, to: other).recorded
        let error = #expect(throws: Diagnostic.self) {
            try EarlierRun(part, for: record(), [suite(cases)], in: sources)
        }
        #expect(error?.detail.hasSuffix("cannot go on: it was the shard 1/2.") == true)
        #expect(error?.fix?.hasPrefix("Ask for that shard") == true)
        let changed = [try testCase("one", asking: "uno"), try testCase("three")]
        #expect(
            difference(record(), changed).hasSuffix(
                "`golden/one` has changed; `golden/three` was not in it; `golden/two` is not among the cases now."))
    }

    @Test("A log that was cut off before its cases is not taken for one where nothing failed")
    func casesMissing() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "drover-\(UUID().uuidString).jsonl").path
        defer { try? FileManager.default.removeItem(atPath: path) }  // Left to the system where it fails.
        let cases = [try testCase("one"), try testCase("two")]
        _ = try RunRecorder(record(), [suite(cases)], in: sources, to: SampleLog.create(path))
        #expect(try RecordedRun.read(SampleLog.read(path)).unpassedOfAll().count == 2)
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        for kept in lines.indices.dropFirst().map({ lines[..<$0] }) {
            try Data((kept.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: path))
            let problem = #expect(throws: Diagnostic.self) {
                try RecordedRun.read(SampleLog.read(path)).unpassedOfAll()
            }
            #expect(problem?.code == "cases-missing", "\(kept.count) lines")
        }
    }

    @Test("What is no log, or one of a newer drover, is told as that")
    func beginnings() throws {
        func code(_ text: String) throws -> Diagnostic.Code? {
            let path = FileManager.default.temporaryDirectory.appending(path: "drover-\(UUID().uuidString)").path
            defer { try? FileManager.default.removeItem(atPath: path) }  // Left to the system where it fails.
            try Data(text.utf8).write(to: URL(filePath: path))
            do throws(Diagnostic) {
                _ = try RecordedRun.read(SampleLog.read(path))
                return nil
            } catch {
                return error.code
            }
        }
        let run = #""stack":"s","version":"9.0.0","startedAt":"2026-06-01T12:00:00Z","sources":[]"#
        #expect(try code(#"{"run":{"format":2,\#(run),"more":1}}"# + "\n") == "newer-log")
        #expect(try code(#"{"run":{"format":1,\#(run)}}"# + "\n") == nil)
        #expect(try code(#"{"run":{\#(run)}}"# + "\n") == nil)
        #expect(try code("question,answer\n") == "not-a-log")
        #expect(try code("{\"schema\":\"drover.run/1\"}\n") == "not-a-log")
        #expect(try code("") == "unreadable-log")
        #expect(try code(#"{"run":{"stack":"#) == "unreadable-log")
        #expect(try code(#"{"run":{\#(run)}}"# + "\n{\"sample\":1}\n") == "unreadable-log")
    }
}
