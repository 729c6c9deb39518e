import Engine
import Fakes
import Kinds
import Language
import Runtime
import Testing
import Wire

/// Cuts a write off at every request, in every way, and lets the next one finish.
@Suite("AgentVersionWriter, cut off")
struct AgentVersionCrashTests {
    /// Of the model folder: its description, the definition, where Llama Stack was, and the code.
    private static let files = 21
    /// A write takes fewer requests; a cut that is never reached changes nothing.
    private static let cuts = (1...31).flatMap { [FakeMLflow.Cut.before($0), .after($0), .answer($0)] }

    @Test("After a cut, one more write leaves exactly what an undisturbed one leaves", arguments: cuts)
    func cutOnce(cut: FakeMLflow.Cut) async throws {
        let (fake, new) = try await Self.ready()
        fake.cut(cut)
        _ = try? await AgentVersionWriter(fake.server()).write(new)  // It may succeed, when the cut came late.
        fake.cut(.never)
        let version = try await AgentVersionWriter(fake.server()).write(new)
        try Self.expectWhole(fake, version, after: "\(cut)")
    }

    @Test("The same when the repairing write is cut off too", arguments: 5...24, [6, 13, 20])
    func cutTwice(first: Int, second: Int) async throws {
        let (fake, new) = try await Self.ready()
        for cut in [FakeMLflow.Cut.after(first), .after(second)] {
            fake.cut(cut)
            _ = try? await AgentVersionWriter(fake.server()).write(new)
        }
        fake.cut(.never)
        let version = try await AgentVersionWriter(fake.server()).write(new)
        try Self.expectWhole(fake, version, after: "\(first), then after \(second)")
    }

    @Test("A lost answer to a repeatable request is asked for again within the same write", arguments: 1...29)
    func retried(number: Int) async throws {
        let (fake, new) = try await Self.ready()
        fake.cut(.answer(number))
        _ = try? await AgentVersionWriter(fake.server(attempts: 3)).write(new)
        let version = try await AgentVersionWriter(fake.server(attempts: 3)).write(new)
        try Self.expectWhole(fake, version, after: "a lost answer to request \(number)")
    }

    @Test("A cut really interrupts: the requests that make something are among those that were cut")
    func cutsReach() async throws {
        let (fake, new) = try await Self.ready()
        _ = try await AgentVersionWriter(fake.server()).write(new)
        #expect(fake.arrivals.count <= 31)
        #expect(fake.arrivals.last?.path.hasSuffix("model-versions/create") == true)
    }

    private static func ready() async throws -> (FakeMLflow, NewAgentVersion) {
        let fake = FakeMLflow()
        let server = fake.server()
        let experiment = try await server.createExperiment("helpdesk")
        try await server.createRegisteredModel("helpdesk-support")
        fake.cut(.never)
        let mark = Mark(stack: StackName("helpdesk"), address: Address("agents", "support"))
        return (
            fake,
            NewAgentVersion(
                .support, experimentID: experiment, registeredModel: "helpdesk-support", mark: mark,
                llamaStackURL: "http://llama:8321")
        )
    }

    private static func expectWhole(_ fake: FakeMLflow, _ version: AgentVersion, after cut: String) throws {
        let store = fake.store
        #expect(store.versions.count == 1, "\(cut)")
        #expect(store.loggedModels.count == 1, "\(cut)")
        #expect(store.runs.count == 1, "\(cut)")
        #expect(store.artifacts.count == Self.files, "\(cut)")
        #expect(version.number == 1 && version.definition == .support, "\(cut)")
        #expect(store.runs.map(\.status) == ["FINISHED"], "\(cut)")
        #expect(store.loggedModels.map(\.status) == ["LOGGED_MODEL_READY"], "\(cut)")
        #expect(store.runs.map(\.outputs) == [store.loggedModels.map(\.id)], "\(cut)")
    }
}
