import Engine
import Fakes
import Foundation
import Kinds
import Language
import Runtime
import Support
import Testing
import Wire

@Suite("AgentVersionWriter")
struct AgentVersionWriterTests {
    private let fake = FakeMLflow()
    private let writer: AgentVersionWriter
    private let new: NewAgentVersion

    init() async throws {
        let server = fake.server()
        writer = AgentVersionWriter(server, now: { 1_800_000_000_000 })
        let experiment = try await server.createExperiment("helpdesk")
        try await server.createRegisteredModel("helpdesk-support")
        new = NewAgentVersion(
            .support, experimentID: experiment, registeredModel: "helpdesk-support",
            mark: Mark(stack: StackName("helpdesk"), address: Address("agents", "support")), tags: ["team": "x"],
            llamaStackURL: "http://llama:8321", commit: "abc123")
        fake.cut(.never)
    }

    @Test("A version carries everything that a plan needs")
    func complete() async throws {
        let version = try await writer.write(new)
        #expect(version.number == 1)
        #expect(version.uri == "models:/helpdesk-support/1")
        #expect(version.digest == (try artifactDigest(.support)))
        #expect(version.definition == .support)
        #expect(version.mark == new.mark)
        #expect(version.tags["team"] == "x")
        #expect(version.tags[AgentVersion.commitTag] == "abc123")
        #expect(version.status == .ready)
        #expect(try await fake.server().agentVersions(of: "helpdesk-support") == [version])
        #expect(try await fake.server().agentVersions(ofStack: "helpdesk") == [version])
        #expect(try await fake.server().agentVersions(ofStack: "other").isEmpty)
    }

    @Test("The folder has the files that MLflow loads, with its ids and the definition")
    func folder() async throws {
        let version = try await writer.write(new)
        let model = try #require(fake.store.loggedModels.first)
        let folder = String(model.location.dropFirst("mlflow-artifacts:/".count))
        let files = fake.store.artifacts.mapValues { String(decoding: $0, as: UTF8.self) }
        let sources = "\(packageRoot)/Sources/Kinds/AgentVersion/ModelFolder"
        let written = try #require(FileManager.default.enumerator(atPath: sources)).compactMap { $0 as? String }
            .filter { !$0.contains("__pycache__") && $0 != "drover_agent" }
        #expect(
            files.keys.sorted()
                == (written + ["definition.json", "llamastack.json"]).map { "\(folder)/\($0)" }.sorted())
        let described = try #require(files["\(folder)/MLmodel"])
        #expect(described.contains("model_id: \(model.id)\n"))
        #expect(described.contains("run_id: \(version.runID)\n"))
        #expect(described.contains("utc_time_created: '2027-01-15 08:00:00.00"))
        #expect(
            !described.contains("@MODEL_ID@") && !described.contains("@RUN_ID@") && !described.contains("@CREATED@"))
        #expect(files["\(folder)/definition.json"] == (try AgentDefinition.support.canonicalJSON))
        #expect(files["\(folder)/llamastack.json"] == #"{"baseUrl":"http://llama:8321"}"#)
    }

    @Test("The run is finished and names the logged model, which is whole, as its output")
    func run() async throws {
        _ = try await writer.write(new)
        let run = try #require(fake.store.runs.first)
        let model = try #require(fake.store.loggedModels.first)
        #expect(fake.store.runs.count == 1 && fake.store.loggedModels.count == 1)
        #expect(run.status == "FINISHED")
        #expect(run.endTime == 1_800_000_000_000)
        #expect(run.outputs == [model.id])
        #expect(model.status == "LOGGED_MODEL_READY")
        #expect(model.type == "agent")
    }

    @Test("The same content is the same version")
    func same() async throws {
        let first = try await writer.write(new)
        fake.cut(.never)
        #expect(try await writer.write(new) == first)
        #expect(fake.arrivals.allSatisfy { $0.method == "GET" || $0.path.hasSuffix("/search") })
        #expect(fake.store.versions.count == 1)
    }

    @Test("Changed content is another version, beside the first")
    func changed() async throws {
        _ = try await writer.write(new)
        var changed = new
        changed.definition.instructions = "Be brief."
        #expect(try await writer.write(changed).number == 2)
        #expect(try await fake.server().agentVersions(of: "helpdesk-support").map(\.number) == [2, 1])
    }

    @Test("A version that was deleted is made again from the logged model that is still there")
    func deletedVersion() async throws {
        let first = try await writer.write(new)
        try await fake.server().deleteModelVersion("helpdesk-support", version: "1")
        let second = try await writer.write(new)
        #expect(second.number == 2)
        #expect(second.modelID == first.modelID)
        #expect(fake.store.loggedModels.count == 1 && fake.store.runs.count == 1)
    }

    @Test("What another declaration began is not taken up")
    func foreignLeftover() async throws {
        fake.cut(.before(10))
        await #expect(throws: WireError.self) { try await writer.write(new) }
        fake.cut(.never)
        let begun = fake.store.runs.count
        #expect(begun == 1)
        var other = new
        other.mark = Mark(stack: StackName("other"), address: Address("agents", "support"))
        #expect(try await writer.write(other).number == 1)
        #expect(fake.store.runs.count == 2)
    }

    @Test("A server that keeps no artifacts is refused, and the run says that it failed")
    func foreignArtifacts() async throws {
        let fake = FakeMLflow(artifactScheme: "s3://bucket")
        let server = fake.server()
        var new = new
        new.experimentID = try await server.createExperiment("helpdesk")
        try await server.createRegisteredModel("helpdesk-support")
        let diagnostic = await #expect(throws: Diagnostic.self) { try await AgentVersionWriter(server).write(new) }
        #expect(diagnostic?.code == "artifacts-not-served")
        #expect(fake.store.runs.map(\.status) == ["FAILED"])
    }

    @Test("A definition that is too long for a tag is read from the folder")
    func longDefinition() async throws {
        var new = new
        new.definition.instructions = String(repeating: "x", count: 100_001)
        let version = try await writer.write(new)
        #expect(version.definition == nil)
        #expect(try await fake.server().definition(of: version) == new.definition)
        #expect(try await writer.write(new).number == 1)
    }

    @Test("Aliases come with the versions")
    func aliases() async throws {
        _ = try await writer.write(new)
        try await fake.server().setAlias("production", of: "helpdesk-support", toVersion: "1")
        #expect(try await fake.server().agentVersions(of: "helpdesk-support").map(\.aliases) == [["production"]])
    }

    @Test("A version that the server refuses leaves a run that says that it failed")
    func refusedVersion() async throws {
        var new = new
        new.tags["no*star"] = "x"
        await #expect(throws: WireError.self) { try await writer.write(new) }
        #expect(fake.store.runs.map(\.status) == ["FAILED"])
        #expect(try await writer.write(self.new).number == 1)
        #expect(fake.store.runs.map(\.status) == ["FINISHED"])
    }

    @Test("Logging takes ten requests, and one for each file")
    func requests() async throws {
        _ = try await writer.write(new)
        #expect(fake.arrivals.count == 10 + fake.store.artifacts.count)
    }
}
