import Fakes
import Language
import Runtime
import Testing
import Wire

@testable import drover

@Suite("EnvironmentAgent")
struct EnvironmentAgentTests {
    /// The experiment that its requests are traced in, and the warning.
    private func traced(
        _ experiment: String?, isWanted: Bool = true, isNamed: Bool = false, hasLab: Bool = false
    ) throws -> (experiment: String?, warning: Diagnostic?) {
        let environment = ["LLAMASTACK_MODEL": "m", "MLFLOW_EXPERIMENT": experiment ?? ""]
        var agent = try #require(EnvironmentAgent(environment))
        let warning = agent.trace(isWanted: isWanted, isNamed: isNamed, hasLab: hasLab)
        return (agent.experiment, warning)
    }

    @Test("An agent that the server does not have is told before it is asked; `None` names none")
    func agentIDs() async throws {
        let fake = FakeOGX(.llamaStack0224)
        let server = try await LlamaStack.connect(
            to: Endpoint(service: "Llama Stack", base: "http://stack:8321", transport: fake.transport))
        let agents = try #require(server.agents)
        let known = try await agents.create(["model": "llm", "instructions": "", "name": "support"])
        let agent = try #require(EnvironmentAgent(["LLAMASTACK_AGENT_ID": known]))
        #expect(try await agent.problem(on: server) == nil)
        #expect(agent.definition(on: server.capabilities).agentID == known)
        let unknown = try #require(EnvironmentAgent(["LLAMASTACK_AGENT_ID": "nobody"]))
        let told = await #expect(throws: Diagnostic.self) { try await unknown.problem(on: server) }
        #expect(told?.code == "unknown-agent-id" && told?.detail.contains("`nobody`") == true)
        let none = try #require(EnvironmentAgent(["LLAMASTACK_AGENT_ID": "None", "LLAMASTACK_MODEL": "llm"]))
        #expect(none.definition(on: server.capabilities).agentID == nil)
        #expect(EnvironmentAgent(["LLAMASTACK_AGENT_ID": "None"]) == nil)
    }

    @Test("It is traced in the MLflow that an option or the environment names, or in the lab's")
    func traced() throws {
        #expect(try traced("answers", isNamed: true) == ("answers", nil))
        #expect(try traced("answers", hasLab: true) == ("answers", nil))
        #expect(try traced(nil) == (nil, nil))
        #expect(try traced(nil, hasLab: true) == (nil, nil))
    }

    @Test("Its experiment may be made by another server at the same time")
    func sharedExperiment() async throws {
        let fake = FakeMLflow()
        let others = Interposed(fake) { request, send in
            if request.url.hasSuffix("experiments/create") { _ = try await fake.server().createExperiment("answers") }
            return try await send()
        }
        let agent = try #require(EnvironmentAgent(["LLAMASTACK_MODEL": "m", "MLFLOW_EXPERIMENT": "answers"]))
        let place = try #require(try await agent.place(in: others.mlflow))
        #expect(fake.store.experiments.filter { $0.name == "answers" }.map(\.id) == [place.experimentID])
    }

    @Test("Who names half of what traces need is told the other half, unless none are wanted")
    func untraced() throws {
        let (nowhere, missingServer) = try traced("answers")
        #expect(nowhere == nil && missingServer?.severity == .warning)
        #expect(missingServer?.fix?.contains("`MLFLOW_TRACKING_URI`") == true)
        let (unnamed, missingExperiment) = try traced(nil, isNamed: true)
        #expect(unnamed == nil && missingExperiment?.fix?.contains("`MLFLOW_EXPERIMENT`") == true)
        #expect(try traced("answers", isWanted: false, isNamed: true) == (nil, nil))
        #expect(try traced(nil, isWanted: false, isNamed: true) == (nil, nil))
    }
}
