import Engine
import Fakes
import Kinds
import Language
import Runtime
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
        let all = ["helpdesk", "answers", "trials"].compactMap { experiment($0, in: stack) }
        #expect(all.count == 3 && lookup.evidencePlaces == all.sorted(), "Evidence stays where it was logged.")
    }

    @Test("A version whose vector store was replaced or deleted is told as that, and not asked")
    func replacedStore() async throws {
        let stack = try TestStack()
        let yaml = """
            vectorStores: {handbook: {embeddingModel: scripted/embed, documents: [{text: Hay., name: hay.txt}]}}
            tools: {knowledge: {fileSearch: {vectorStores: [handbook]}}}
            agents: {support: \(Self.agent), tools: [knowledge]}}
            """
        try await stack.apply(yaml)
        let old = try await agents(stack, yaml).lastApplied("support")
        let server = try await LlamaStack.connect(
            to: Endpoint(service: "OGX", base: "http://ogx.test", transport: stack.ogx))
        try await server.require(storesOf: old, called: "models:/helpdesk-support/1")
        let id = try #require(stack.ogx.stores.first?.id)
        let cut = yaml.replacing("documents:", with: "chunking: {maxTokens: 200, overlap: 50}, documents:")
        try await stack.apply(cut)
        let thrown = await #expect(throws: Diagnostic.self) {
            try await server.require(storesOf: old, called: "models:/helpdesk-support/1")
        }
        #expect(thrown?.code.name == "replaced-store" && thrown?.detail.contains(id) == true)
        #expect(thrown?.detail.contains("models:/helpdesk-support/1") == true)
        try await server.require(
            storesOf: try await agents(stack, cut).lastApplied("support"), called: "models:/helpdesk-support/2")
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

    @Test("What the spec says now is what an apply makes of it: models, tool groups and agents as tools included")
    func declared() async throws {
        for version in FakeStackVersion.allCases {
            let stack = try TestStack(ogx: FakeOGX(version))
            let yaml = """
                models: {chat: {id: \(version.models.llm)}}
                tools:
                  tickets: {mcp: {url: "http://desk.test/mcp"}}
                  billing-desk: {agent: billing}
                agents:
                  support: {model: chat, instructions: Be brief., tools: [tickets, billing-desk]}
                  billing: {model: chat, instructions: Count., log: false}
                """
            if version == .llamaStack0224 {
                let unapplied = try await agents(stack, yaml)
                let thrown = await #expect(throws: Diagnostic.self) { try await unapplied.declared("support") }
                #expect(thrown?.code == "needs-apply")
            }
            try await stack.apply(yaml)
            let lookup = try await agents(stack, yaml)
            let (declared, applied) = (try await lookup.declared("support"), try await lookup.lastApplied("support"))
            #expect(declared == applied, "\(version)")
            #expect(declared.tools.last?.agent?.instructions == "Count.", "\(version)")
            let group = version == .llamaStack0224 ? "mcp::helpdesk-tickets" : nil
            #expect(declared.tools.first?.mcp?.toolGroup == group, "\(version)")
            let changed = try await agents(stack, yaml.replacing("Count.", with: "Add.")).declared("support")
            #expect(changed.tools.last?.agent?.instructions == "Add.", "\(version)")
        }
    }

    @Test("What the spec says now is run with a changed prompt before that is applied")
    func changedPrompt() async throws {
        let stack = try TestStack()
        let yaml = """
            prompts: {system: {template: Be brief.}}
            agents: {support: {model: \(FakeStackVersion.ogx150.models.llm), instructions: {prompt: system}}}
            """
        try await stack.apply(yaml)
        let changed = try await agents(stack, yaml.replacing("Be brief.", with: "Be kind.")).declared("support")
        #expect(changed.instructions == "Be kind." && changed.metadata == nil)
    }

    @Test("An agent that is not logged and skips a shield is run where the server knows no shields")
    func skippedShield() async throws {
        let stack = try TestStack()
        let yaml = """
            shields: {safe: {provider: llama-guard, ifUnsupported: skip}}
            agents: {support: \(Self.agent), log: false, inputShields: [safe], outputShields: [safe]}}
            """
        try await stack.apply(yaml)
        #expect(try await agents(stack, yaml).lastApplied("support").inputShields == nil)
    }

    @Test("What the spec alone says of an agent is found without MLflow, and the experiment of its traces by its name")
    func withoutMLflow() async throws {
        let stack = try TestStack()
        let yaml = """
            experiments: {answers: {name: all-answers}}
            vectorStores: {handbook: {embeddingModel: scripted/embed, documents: [{text: Hay., name: hay.txt}]}}
            tools: {knowledge: {fileSearch: {vectorStores: [handbook]}}}
            prompts: {tone: {template: Be kind.}}
            agents:
              support: \(Self.agent), tools: [knowledge], log: {experiment: answers}}
              plain: \(Self.agent), log: false}
              kind: {model: \(FakeStackVersion.ogx150.models.llm), instructions: {prompt: tone}, log: {experiment: answers}}
            """
        try await stack.apply(yaml)
        let run = try await stack.open(yaml)
        var servers = run.servers
        servers.mlflow = nil
        let drivers = run.kinds.drivers(servers, for: run.workflow)
        let kinds = AgentLookup.kinds(for: ["support", "plain"], in: run.workflow, isApplied: false)
        let survey = try await Survey.take(of: run.workflow, with: drivers, kinds: kinds)
        let lookup = AgentLookup(run.workflow, servers: servers, survey: survey, drivers: drivers)
        for name in ["support", "plain"] {
            #expect(try await lookup.declared(name) == agents(stack, yaml).declared(name), "\(name)")
        }
        let awaited = try #require(lookup.awaitedPlace(of: "support")?.awaited)
        #expect(awaited.name == "all-answers" && awaited.tags["drover.address"] == "experiments.answers")
        #expect(lookup.awaitedPlace(of: "plain") == nil, "The stack has no experiment of its own name.")
        for (names, isApplied, isFound) in [
            (["support", "plain"], false, true), (["plain"], true, true), (["support"], true, false),
            (["support", "kind"], false, false), (["nobody"], false, false),
        ] {
            let finds = AgentLookup.finds(names, withoutMLflowIn: run.workflow, isApplied: isApplied)
            #expect(finds == isFound, "\(names) \(isApplied)")
        }
    }

    @Test("A definition of very many values is applied, found again and run, and is no change")
    func largeDefinition() async throws {
        let stack = try TestStack()
        let names = (0..<120_000).map { "n\($0)" }.joined(separator: ",")
        let yaml = """
            tools: {pick: {function: {description: Picks., parameters: {type: object, properties: {n: {enum: [\(names)]}}}}}}
            agents: {support: \(Self.agent), tools: [pick]}}
            """
        try await stack.apply(yaml)
        #expect(try await stack.plan(yaml).lines == [])
        let definition = try await agents(stack, yaml).lastApplied("support")
        let known = definition.tools.first?.function?.parameters["properties"]?["n"]?["enum"]?.array
        #expect(known?.count == 120_000)
    }
}
