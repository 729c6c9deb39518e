import Engine
import Fakes
import Kinds
import Language
import Testing
import Wire

@Suite("AgentLookup")
struct AgentLookupTests {
    private static let agent = "{model: \(FakeStackVersion.ogx150.models.llm), instructions: Be brief."

    /// A lookup on what is applied.
    private func agents(_ stack: TestStack, _ yaml: String) async throws -> AgentLookup {
        let run = try await stack.open(yaml)
        return AgentLookup(run.workflow, servers: run.servers, survey: try await run.survey(), drivers: run.drivers)
    }

    private func experiment(_ name: String, in stack: TestStack) -> String? {
        stack.mlflow.store.experiments.first { $0.name == name }?.id
    }

    @Test("Traces of an applied agent go where it is logged, linked to its version")
    func applied() async throws {
        let stack = try TestStack()
        let yaml = """
            experiments: {helpdesk: {}, answers: {}, trials: {}}
            agents: {support: \(Self.agent), log: {experiment: answers}}}
            """
        try await stack.apply(yaml)
        let lookup = try await agents(stack, yaml)
        let place = try #require(lookup.place(of: "support", isApplied: true))
        #expect(place.experimentID == experiment("answers", in: stack))
        #expect(place.modelID == stack.mlflow.store.loggedModels.first?.id)
        #expect(place.modelURI == "models:/helpdesk-support/1")
        let named = try #require(lookup.place(of: "support", experiment: "trials", isApplied: true))
        #expect(named.experimentID == experiment("trials", in: stack) && named.modelID == place.modelID)
    }

    @Test("What the spec says now has no version, although an older one is applied")
    func fromSpec() async throws {
        let stack = try TestStack()
        let yaml = "experiments: {helpdesk: {}}\nagents: {support: \(Self.agent)}}"
        try await stack.apply(yaml)
        let place = try await agents(stack, yaml).place(of: "support", isApplied: false)
        #expect(place == MLflowPlace(experimentID: try #require(experiment("helpdesk", in: stack))))
    }

    @Test("An agent that is not logged uses the stack's own experiment, and no version")
    func unlogged() async throws {
        let stack = try TestStack()
        let yaml = "experiments: {helpdesk: {}}\nagents: {support: \(Self.agent), log: false}}"
        try await stack.apply(yaml)
        let place = try await agents(stack, yaml).place(of: "support", isApplied: true)
        #expect(place == MLflowPlace(experimentID: try #require(experiment("helpdesk", in: stack))))
    }

    @Test("Before the experiment is there, and without one, there is no place")
    func nowhere() async throws {
        let stack = try TestStack()
        let yaml = "experiments: {helpdesk: {}}\nagents: {support: \(Self.agent)}}"
        #expect(try await agents(stack, yaml).place(of: "support", isApplied: true) == nil)
        let bare = "agents: {support: \(Self.agent), log: false}}"
        try await stack.apply(bare)
        #expect(try await agents(stack, bare).place(of: "support", isApplied: true) == nil)
    }
}
