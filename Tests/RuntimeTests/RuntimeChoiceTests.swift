import Fakes
import Language
import Runtime
import Testing
import Wire

@Suite struct RuntimeChoiceTests {
    private func agent(_ tools: [ToolDefinition] = []) -> AgentDefinition {
        AgentDefinition(name: "support", model: "llm", instructions: "", tools: tools)
    }

    @Test(
        "Left to us, the newest way that the server offers is taken",
        arguments: [
            ("0.2.24", .agents), ("0.3.5", .responses), ("0.4.7", .responses), ("0.7.3", .responses),
            ("1.5.0", .responses),
        ] as [(String, AgentDefinition.Runtime)])
    func newest(_ version: String, _ runtime: AgentDefinition.Runtime) async throws {
        let server = try await KnownRoutes.server(version).capabilities
        #expect(RuntimeChoice.runtime(of: agent(), on: server) == runtime)
        for forced in [AgentDefinition.Runtime.responses, .agents, .chat] {
            #expect(RuntimeChoice.runtime(of: agent(), forced: forced, on: server) == forced)
        }
    }

    @Test("On 0.3, what responses lack is done by a server agent")
    func needs() async throws {
        let server = try await KnownRoutes.server("0.3.5").capabilities
        let own = ToolDefinition(name: "own", toolGroup: .init(id: "builtin::wolfram_alpha"))
        #expect(RuntimeChoice.runtime(of: agent([own]), on: server) == .agents)
        let search = ToolDefinition(
            name: "search", toolGroup: .init(id: "builtin::rag/knowledge_search", args: ["vector_db_ids": ["vs"]]))
        #expect(RuntimeChoice.runtime(of: agent([search]), on: server) == .responses)
        var shielded = agent()
        shielded.inputShields = ["guard"]
        #expect(RuntimeChoice.runtime(of: shielded, on: server) == .agents)
        shielded.outputShields = ["guard"]
        #expect(RuntimeChoice.runtime(of: shielded, on: server) == .responses)
        var existing = agent()
        existing.agentID = "4711"
        #expect(RuntimeChoice.runtime(of: existing, on: server) == .agents)
    }

    /// What is missing, as each generation has it: no such thing may be dropped in silence.
    struct Missing: Sendable, CustomTestStringConvertible {
        var version: String
        var runtime: AgentDefinition.Runtime
        var says: String
        var change: @Sendable (inout AgentDefinition) -> Void
        var testDescription: String { "\(version) \(runtime): \(says)" }
    }

    static let missing: [Missing] = [
        Missing(version: "0.4.7", runtime: .agents, says: "agents on the server") { _ in },
        Missing(version: "1.5.0", runtime: .responses, says: "shields in responses") {
            ($0.inputShields, $0.outputShields) = (["guard"], ["guard"])
        },
        Missing(version: "0.2.24", runtime: .responses, says: "shields in responses") {
            ($0.inputShields, $0.outputShields) = (["guard"], ["guard"])
        },
        Missing(version: "0.7.3", runtime: .responses, says: "different shields") { $0.inputShields = ["guard"] },
        Missing(version: "0.4.7", runtime: .responses, says: "connectors") {
            $0.tools = [ToolDefinition(name: "t", mcp: .init(connector: "lab"))]
        },
        Missing(version: "0.2.24", runtime: .agents, says: "connectors") {
            $0.tools = [ToolDefinition(name: "t", mcp: .init(connector: "lab", toolGroup: "g"))]
        },
        Missing(version: "0.3.5", runtime: .agents, says: "answers that follow a schema") {
            $0.responseFormat = ["type": "object"]
        },
        Missing(version: "1.5.0", runtime: .responses, says: "`builtin::code` in responses") {
            $0.tools = [ToolDefinition(name: "t", toolGroup: .init(id: "builtin::code"))]
        },
        Missing(version: "0.3.5", runtime: .chat, says: "(`t`) in chat completions") {
            $0.tools = [ToolDefinition(name: "t", fileSearch: .init(vectorStores: ["vs"]))]
        },
    ]

    @Test("What a server lacks is code 10, with what is missing", arguments: missing)
    func lacks(_ missing: Missing) async throws {
        var agent = agent()
        agent.runtime = missing.runtime
        missing.change(&agent)
        let problems = RuntimeChoice.problems(of: agent, on: try await KnownRoutes.server(missing.version).capabilities)
        #expect(problems.map(\.cause) == [.lacking])
        #expect(problems.first?.detail.contains(missing.says) == true, "\(problems)")
        #expect(problems.first?.fix != nil)
    }

    @Test("Tuning that is ignored is a warning, also of an agent that is asked as a tool")
    func ignored() async throws {
        var billing = agent()
        billing.sampling = .init(temperature: 0.2, topP: 0.9, seed: 4)
        let support = agent([ToolDefinition(name: "billing", agent: billing)])
        let old = RuntimeChoice.problems(of: support, on: try await KnownRoutes.server("0.4.7").capabilities)
        #expect(old.map(\.severity) == [.warning, .warning])
        #expect(old.map(\.detail).joined().contains("`sampling.topP`"))
        let new = RuntimeChoice.problems(of: support, on: try await KnownRoutes.server("1.5.0").capabilities)
        #expect(new.count == 1 && new[0].detail.contains("`sampling.seed`"))
    }
}
