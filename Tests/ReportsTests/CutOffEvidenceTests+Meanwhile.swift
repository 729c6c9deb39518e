import Fakes
import FoundationEssentials
import Runtime
import Support
import Synchronization
import Testing
import Wire

@testable import Reports
@testable import Suites

/// What other runs of the suite find while one goes on.
extension CutOffEvidenceTests {
    /// Alone it passes: four of five.
    private static let passing: [SampleVerdict] = [.passed, .passed, .passed, .passed, .failed]

    /// Leaves a run that passes alone in a spool, because MLflow is away.
    private func leaveUnsent(in directory: String) async throws {
        let away = FakeMLflow()
        away.cut(.before(1))
        try await publish(
            Self.passing, as: "two", to: away, spool: Spool(in: directory, name: "two"),
            log: try SampleLog.create("\(directory)/run.log"), isOpen: true, isSettled: true)
    }

    @Test("A verdict takes into account what another run found meanwhile")
    func meanwhile() async throws {
        let fake = FakeMLflow()
        try await publish([.failed], as: "one", to: fake)
        // It began when nothing stood there.
        try await publish(Self.passing, as: "two", to: fake, isOpen: true, isSettled: true)
        let found = try #require(try await evidence(in: fake).first { $0.samples.passed == 4 })
        #expect(found.verdict == "failed" && found.failuresOnly == nil, "4 of 6 are too few.")
    }

    @Test("What no other run adds to stands as it was found")
    func alone() async throws {
        let fake = FakeMLflow()
        try await publish(Self.passing, as: "one", to: fake, isOpen: true, isSettled: true)
        #expect(try await evidence(in: fake).map(\.verdict) == ["passed"])
    }

    @Test("A verdict that is sent later takes into account what another run found before")
    func sentLater() async throws {
        try await withTemporaryDirectory { directory in
            try await leaveUnsent(in: directory)
            let back = FakeMLflow()
            try await publish([.failed], as: "one", to: back)
            let sent = await sender(to: back, present: key).sendAll(in: directory)
            #expect(sent.sent == 1 && sent.warnings.isEmpty, "\(sent.warnings)")
            let found = try #require(try await evidence(in: back).first { $0.samples.passed == 4 })
            #expect(found.verdict == "failed")
        }
    }

    private func evidence(_ verdict: String, passed: Int) -> Evidence {
        Evidence(
            suite: "golden", key: key, samples: Evidence.Samples(passed: passed, failed: 0, errors: 0),
            attempts: passed,
            at: "2027-01-15T08:00:00Z", run: "", verdict: verdict)
    }

    @Test("Of two runs that say what they found at the same time, the later one sees the other")
    func sameTime() async throws {
        let fake = FakeMLflow()
        let run = try await fake.server().createRun(inExperiment: "0", name: "golden", startTime: 1)
        let beside = OthersEvidence(server: fake.server(), key: key, places: ["0"], run: run)
        var seen: [Int] = []
        try await beside.add { others in
            seen.append(others.count)
            if seen.count == 1 { try await publish([.failed], as: "one", to: fake) }
            return evidence(others.isEmpty ? "passed" : "inconclusive", passed: 5)
        }
        #expect(seen == [0, 1])
        #expect(try await evidence(in: fake).map(\.verdict) == ["inconclusive", "inconclusive"])
    }

    @Test("What has failed by the samples of others stays so, though it is said again beside better ones")
    func staysFailed() async throws {
        let fake = FakeMLflow()
        let run = try await fake.server().createRun(inExperiment: "0", name: "golden", startTime: 1)
        let beside = OthersEvidence(server: fake.server(), key: key, places: ["0"], run: run)
        for verdict in ["failed", "passed"] { try await beside.add { _ in evidence(verdict, passed: 4) } }
        #expect(try await evidence(in: fake).map(\.verdict) == ["failed"])
    }

    @Test("What had failed when it was sent stays so when it is sent again after better runs")
    func sentTwice() async throws {
        try await withTemporaryDirectory { directory in
            try await leaveUnsent(in: directory)
            let path = try #require(Spool.files(in: directory).first)
            let spooled = try Data(contentsOf: URL(filePath: path))
            let back = FakeMLflow()
            try await publish([.failed], as: "one", to: back)
            for _ in 0..<2 {
                // The first time it was cut off before the file was removed.
                try spooled.write(to: URL(filePath: path))
                let sent = await sender(to: back, present: key).sendAll(in: directory)
                #expect(sent.sent == 1 && sent.warnings.isEmpty, "\(sent.warnings)")
                let found = try #require(try await evidence(in: back).first { $0.samples.passed == 4 })
                #expect(found.verdict == "failed")
                try await publish(Array(repeating: .passed, count: 5), as: "three", to: back)
            }
        }
    }

    @Test(
        "What an earlier drover spooled counts beside what stands in the other experiments of its stack, and of no other"
    )
    func earlierSpool() async throws {
        for (stack, verdict) in [("s", "failed"), ("t", "passed")] {
            try await withTemporaryDirectory { directory in
                try await leaveUnsent(in: directory)
                let file = URL(filePath: try #require(Spool.files(in: directory).first))
                let spooled = String(decoding: try Data(contentsOf: file), as: UTF8.self)
                let earlier = spooled.replacing(#","places":[]"#, with: "")
                #expect(earlier != spooled)
                try Data(earlier.utf8).write(to: file)
                let back = FakeMLflow()
                let more = try await back.server().createExperiment("more", tags: ["drover.stack": stack])
                try await publish([.failed], as: "one", to: back, at: more)
                let sent = await sender(to: back, present: key).sendAll(in: directory)
                #expect(sent.sent == 1 && sent.warnings.isEmpty, "\(sent.warnings)")
                #expect(try await evidence(in: back).map(\.verdict) == [verdict])
            }
        }
    }

    @Test(
        "Whether what killed runs tested is still the same is looked up once for all of them, also where nobody can tell"
    )
    func lookedUpOnce() async throws {
        for present in [[key], []] {
            try await withTemporaryDirectory { directory in
                for id in ["one", "two", "three"] {
                    let away = FakeMLflow()
                    away.cut(.before(1))
                    try await publish(
                        [.passed], as: id, to: away, isKilled: true, spool: Spool(in: directory, name: id),
                        log: try SampleLog.create("\(directory)/\(id).log"))
                }
                let back = FakeMLflow()
                let asked = Mutex(0)
                let sender = SpoolSender(
                    to: back.server(), now: { 1_800_000_000 },
                    presentKeys: { suites, stack in
                        asked.withLock { $0 += 1 }
                        #expect(suites == ["golden"] && stack == "s")
                        return present.first.map { ["golden": $0] }
                    })
                let sent = await sender.sendAll(in: directory)
                #expect(sent.sent == 3 * present.count && asked.withLock { $0 } == 1)
                #expect(
                    try await evidence(in: back).map(\.samples.passed) == Array(repeating: 1, count: 3 * present.count))
            }
        }
    }
}
