import Fakes
import FoundationEssentials
import Language
import Runtime
import Suites
import Support
import Synchronization
import Testing
import Wire

@testable import Reports

@Suite("SpoolSender")
struct SpoolSenderTests {
    /// Keeps the run of a suite that was killed, with as many traces.
    private func keep(
        _ suite: String, traces: [String] = ["support"], for server: String = FakeMLflow.base, under key: String? = nil,
        in directory: String
    ) -> String? {
        let spool = Spool(in: directory, name: suite)
        spool.keep(runOf: suite) {
            SpoolEntry.Run(
                suite: suite, server: server, place: MLflowPlace(experimentID: "0"), keyTag: "drover.evaluation",
                key: "\(suite)/\(suite)", startTime: 1, tags: ["drover.evaluation": "\(suite)/\(suite)"],
                dataset: MLflowRunDataset(name: suite, digest: "12345678", place: "spec.yaml", rows: 1),
                evidence: key.map { SpoolEntry.Standing(StandingEvidence(key: $0, earlier: EarlierSamples())) },
                log: nil)
        }
        for name in traces {
            let root = Span(name, .agent, start: 0, end: 5_000_000)
            let trace = Trace(id: .random(), root: root, request: "q", response: "a")
            spool.keep(SpoolEntry(trace: SpoolEntry.Trace(suite: suite, trace: trace.mlflow(inExperiment: "0"))))
        }
        return spool.settle(isUnsent: true)
    }

    private static func answer(_ status: Int) -> HTTPResponse {
        HTTPResponse(status: status, body: Array(#"{"error_code": "REFUSED", "message": "Not now"}"#.utf8))
    }

    @Test("What waits is counted by what it counts under: not what is for another server, is no evidence or is sent")
    func waiting() async throws {
        try await withTemporaryDirectory { directory in
            #expect(SpoolSender.waiting(in: directory, for: FakeMLflow().server()).isEmpty)
            for (suite, key) in [("a", "k1"), ("b", "k1"), ("c", "k2"), ("d", nil)] {
                _ = keep(suite, under: key, in: directory)
            }
            _ = keep("e", for: "http://elsewhere.test", under: "k1", in: directory)
            #expect(SpoolSender.waiting(in: directory, for: FakeMLflow().server()) == ["k1": 2, "k2": 1])
            try #require(try SpooledFile("\(directory)/b.jsonl"))
                .mark(SpoolEntry.Sent(suite: "b", run: "r1", isWhole: true))
            try #require(try SpooledFile("\(directory)/c.jsonl")).setAside()
            #expect(SpoolSender.waiting(in: directory, for: FakeMLflow().server()) == ["k1": 1, "k2": 1])
        }
    }

    @Test("What counts is what a suite ended with, and what that was settled as")
    func endedKeys() {
        var content = SpooledContent()
        func end(isOpen: Bool?, _ key: String?) -> SpoolEntry.End {
            let evidence = key.map {
                Evidence(
                    suite: "a", key: $0, samples: Evidence.Samples(passed: 1, failed: 0, errors: 0), attempts: 1,
                    at: "2026-06-01T12:00:00Z", run: "")
            }
            return SpoolEntry.End(
                suite: "a", metrics: [:], tags: [:], passed: true, time: 1, evidence: evidence, log: nil,
                isOpen: isOpen)
        }
        let run = SpoolEntry.Run(
            suite: "a", server: FakeMLflow.base, place: MLflowPlace(experimentID: "0"), keyTag: "t", key: "a/a",
            startTime: 1, tags: [:], dataset: MLflowRunDataset(name: "a", digest: "12345678", place: "a.yaml", rows: 1),
            evidence: SpoolEntry.Standing(StandingEvidence(key: "k1", earlier: EarlierSamples())), log: nil)
        #expect(content.key(of: run) == "k1")
        content.ends = [end(isOpen: true, nil)]
        #expect(content.key(of: run) == "k1")
        content.ends = [end(isOpen: nil, nil)]
        #expect(content.key(of: run) == nil)
        content.ends = [end(isOpen: nil, "k1")]
        #expect(content.key(of: run) == "k1")
        content.settled = ["a": SpoolEntry.Settled(suite: "a", evidence: nil)]
        #expect(content.key(of: run) == nil)
    }

    @Test("Traces that MLflow took before it took no more are not sent again, and the others are not lost")
    func goesOn() async throws {
        try await withTemporaryDirectory { directory in
            _ = keep("golden", traces: Array(repeating: "support", count: 150), in: directory)
            let fake = FakeMLflow()
            let exports = Mutex(0)
            let refusing = Interposed(fake) { request, send in
                guard request.url.hasSuffix("/v1/traces") else { return try await send() }
                let number = exports.withLock { count in
                    count += 1
                    return count
                }
                return number == 1 ? try await send() : Self.answer(401)
            }
            let failed = await SpoolSender(to: refusing.mlflow).sendAll(in: directory)
            #expect(failed.sent == 0 && failed.warnings.map(\.code.name) == ["not-sent"])
            #expect(fake.store.traces.count == 100)

            fake.cut(.never)
            let sent = await SpoolSender(to: fake.server()).sendAll(in: directory)
            #expect(sent.sent == 1 && sent.warnings.isEmpty && Spool.files(in: directory).isEmpty)
            #expect(fake.arrivals.count { $0.path == "/v1/traces" } == 1)
            #expect(fake.store.traces.count == 150 && fake.store.runs.count == 1)
            #expect(fake.store.traces.allSatisfy { $0.runID == fake.store.runs.first?.id && $0.spans.count == 1 })
        }
    }

    @Test("A mark of what was sent stands on a line of its own, also behind a line that was cut off")
    func cutOff() async throws {
        try await withTemporaryDirectory { directory in
            _ = keep("golden", traces: [], in: directory)
            let path = "\(directory)/golden.jsonl"
            let cut = try Data(contentsOf: URL(filePath: path)) + Data(#"{"trace":{"suite":"golden","tr"#.utf8)
            try cut.write(to: URL(filePath: path))
            do {
                let file = try #require(try SpooledFile(path))
                file.mark(SpoolEntry.Sent(suite: "golden", run: "r1", hasReports: true))
            }
            let content = try #require(try SpooledFile(path)).content()
            #expect(content.runs.map(\.suite) == ["golden"] && content.sent.map(\.run) == ["r1"])
        }
    }

    @Test("Of traces that MLflow refuses for good it is told how many, and the others are there")
    func refusedForGood() async throws {
        try await withTemporaryDirectory { directory in
            _ = keep("golden", traces: ["support", "bad", "support"], in: directory)
            let fake = FakeMLflow(refusedSpan: "bad")
            let sent = await SpoolSender(to: fake.server()).sendAll(in: directory)
            #expect(sent.sent == 1 && sent.warnings.map(\.code.name) == ["earlier-traces-missing"])
            #expect(sent.warnings.first?.detail.hasPrefix("MLflow refused 1 of the traces in ") == true)
            #expect(fake.store.traces.count == 2 && Spool.files(in: directory).isEmpty)
        }
    }

    @Test("A spool for which MLflow is never there does not keep those behind it, and comes last the next time")
    func otherSpools() async throws {
        try await withTemporaryDirectory { directory in
            for suite in ["a", "b"] { _ = keep(suite, in: directory) }
            let fake = FakeMLflow()
            let refusing = Interposed(fake) { request, send in
                let body = String(decoding: (try? request.body?.collected()) ?? [], as: UTF8.self)
                guard request.url.hasSuffix("/runs/create"), body.contains(#""a""#) else { return try await send() }
                return Self.answer(503)
            }
            let sent = await SpoolSender(to: refusing.mlflow).sendAll(in: directory)
            #expect(sent.sent == 1 && sent.warnings.map(\.code.name) == ["not-sent"])
            #expect(fake.store.runs.map(\.name) == ["b"])
            _ = keep("c", in: directory)
            #expect(Spool.files(in: directory) == ["c.jsonl", "a.waits.jsonl"].map { "\(directory)/\($0)" })
        }
    }

    @Test("A spool that cannot be read is told, and those behind it are sent")
    func unreadable() async throws {
        try await withTemporaryDirectory { directory in
            try FileManager.default.createDirectory(
                atPath: "\(directory)/a.jsonl", withIntermediateDirectories: false)
            _ = keep("b", in: directory)
            let sent = await SpoolSender(to: FakeMLflow().server()).sendAll(in: directory)
            #expect(sent.sent == 1 && sent.warnings.map(\.code.name) == ["not-sent"])
            #expect(sent.warnings.first?.detail.contains("`\(directory)/a.jsonl` could not be sent: ") == true)
            #expect(sent.warnings.first?.detail.contains("bug in drover") == false)
        }
    }

    @Test("What waits for another server, or was set aside, takes no place of others")
    func places() async throws {
        try await withTemporaryDirectory { directory in
            for number in 0..<16 { _ = keep("other\(number)", for: "http://elsewhere.test", in: directory) }
            for number in 0..<16 {
                #expect(keep("mine\(number)", in: directory)?.hasPrefix("it is kept in ") == true)
            }
            // Without a file nothing is kept of it.
            #expect(keep("more", in: directory) == nil)
            try #require(try SpooledFile("\(directory)/mine3.jsonl")).setAside()
            #expect(keep("last", in: directory)?.hasPrefix("it is kept in ") == true)
        }
    }
}
