import Fakes
import Language
import Support
import Synchronization
import Testing

@testable import Wire

@Suite("AwaitedExperiment", .timeLimit(.minutes(20)))
struct AwaitedExperimentTests {
    private func trace(_ number: Int, awaiting experiment: AwaitedExperiment) -> MLflowTrace {
        let id = TraceID(high: 7, low: UInt64(number) << 8)
        let span = MLflowSpan(
            id: id.spanID(at: 0), parent: nil, name: "agent", start: 1_800_000_000_000_000_000,
            end: 1_800_000_001_500_000_000)
        var trace = MLflowTrace(id: id, experimentID: "", name: "agent", spans: [span])
        trace.awaited = experiment
        return trace
    }

    private func write(
        _ count: Int, awaiting experiment: AwaitedExperiment, to server: MLflowServer, spool: TraceSpool? = nil
    ) async throws -> TraceTally {
        try await MLflowTraceWriter.withWriter(
            to: server, spool: spool, deadline: .seconds(spool == nil ? 15 : 1), pause: .milliseconds(1)
        ) { writer in
            for number in 1...count { writer.write(trace(number, awaiting: experiment)) }
        }.tally
    }

    private func asked(_ fake: FakeMLflow, _ route: String) -> Int {
        fake.arrivals.count { $0.path.hasSuffix(route) }
    }

    @Test("Traces go to the experiment of the name, which is made where there is none, and is asked for once")
    func made() async throws {
        let fake = FakeMLflow()
        let tally = try await write(250, awaiting: AwaitedExperiment("answers"), to: fake.server())
        let made = try #require(fake.store.experiments.first { $0.name == "answers" })
        #expect(tally.written == 250 && tally.missing == 0)
        #expect(fake.store.traces.count == 250 && fake.store.traces.allSatisfy { $0.experimentID == made.id })
        #expect(asked(fake, "experiments/search") == 1 && asked(fake, "experiments/create") == 1)
        _ = try await write(1, awaiting: AwaitedExperiment("answers"), to: fake.server())
        #expect(asked(fake, "experiments/create") == 1)
    }

    @Test("Where another server makes the experiment at the same time, the traces of both are in it")
    func madeMeanwhile() async throws {
        let fake = FakeMLflow()
        let others = Interposed(fake) { request, send in
            if request.url.hasSuffix("experiments/create") { _ = try await fake.server().createExperiment("answers") }
            return try await send()
        }
        let tally = try await write(3, awaiting: AwaitedExperiment("answers"), to: others.mlflow)
        let made = try #require(fake.store.experiments.first { $0.name == "answers" })
        #expect(tally.written == 3 && tally.missing == 0, "\(tally.reason?.message ?? "")")
        #expect(fake.store.traces.count == 3 && fake.store.traces.allSatisfy { $0.experimentID == made.id })
    }

    @Test("While MLflow does not tell the experiment, its traces wait")
    func waiting() async throws {
        let fake = FakeMLflow()
        let refusals = Mutex(0)
        let back = Interposed(fake) { request, send in
            let isAway = refusals.withLock { count in
                count += 1
                return count <= 3
            }
            if isAway { throw TransportFailure(.unreachable, "connection refused") }
            return try await send()
        }
        let tally = try await write(3, awaiting: AwaitedExperiment("answers"), to: back.mlflow)
        #expect(tally.written == 3 && tally.missing == 0)
        #expect(refusals.withLock { $0 } > 3 && fake.store.traces.count == 3)
    }

    @Test("On disk they wait for whoever starts next")
    func spooled() async throws {
        let (fake, experiment) = (FakeMLflow(), AwaitedExperiment("answers"))
        let away = Interposed(fake) { _, _ in throw TransportFailure(.unreachable, "connection refused") }
        try await withTemporaryDirectory { directory in
            let spool = try TraceSpool(in: directory, limit: 1 << 20) { _ in }
            let first = try await write(3, awaiting: experiment, to: away.mlflow, spool: spool)
            #expect(first.spooled == 3 && first.missing == 0 && fake.store.traces.isEmpty)
            _ = try await MLflowTraceWriter.withWriter(to: fake.server(), spool: spool, pause: .milliseconds(1)) { _ in
                while fake.store.traces.count < 3 { try await Task.sleep(for: .milliseconds(10)) }
            }
        }
        let made = try #require(fake.store.experiments.first { $0.name == "answers" })
        #expect(fake.store.traces.allSatisfy { $0.experimentID == made.id })
    }

    @Test("Traces of one that is deleted, not there, or somebody else's are lost, which is counted and told")
    func lost() async throws {
        let fake = FakeMLflow()
        let server = fake.server()
        try await server.deleteExperiment(try await server.createExperiment("deleted"))
        _ = try await server.createExperiment("theirs", tags: ["drover.stack": "other"])
        for (name, tags, reason) in [
            ("deleted", [:], "is deleted"), ("none", ["drover.stack": "shop"], "there is no experiment `none`"),
            ("theirs", ["drover.stack": "shop"], "is somebody else's"),
        ] {
            let tally = try await write(2, awaiting: AwaitedExperiment(name, tags: tags), to: server)
            #expect(tally.written == 0 && tally.missing == 2, "\(name)")
            #expect(tally.reason?.message.contains(reason) == true, "\(name): \(tally.reason?.message ?? "")")
        }
        #expect(fake.store.traces.isEmpty && !fake.store.experiments.contains { $0.name == "none" })
        let own = AwaitedExperiment("theirs", tags: ["drover.stack": "other"])
        #expect(try await write(1, awaiting: own, to: server).written == 1)
    }
}
