import Kinds
import Language
import Runtime
import Testing

@Suite("Effects of declared tools")
struct DeclaredEffectsTests {
    private func effects(_ tools: String) throws -> ToolEffects {
        let (workflow, _) = try TestStack().declare(
            """
            vectorStores: {handbook: {embeddingModel: e}}
            agents: {other: {model: m, instructions: x, log: false}}
            tools: {\(tools)}
            """)
        return Kinds.effects(in: workflow)
    }

    private func change(_ tool: String, _ effects: ToolEffects) -> String? {
        effects.change(in: Answer.ToolCall(name: tool, tool: tool, arguments: [:]))
    }

    @Test(
        "Searches read, agents do what their tools do, and all else changes something unless it says otherwise"
    )
    func declared() throws {
        let effects = try effects(
            """
            knowledge: {fileSearch: {vectorStores: [handbook]}}, web: {builtin: webSearch}, helper: {agent: other},
            adviser: {agent: other, effect: reads},
            send: {function: {description: d, parameters: {type: object}}},
            look: {function: {description: d, parameters: {type: object}}, effect: reads},
            tickets: {mcp: {url: "http://localhost:9/mcp"}}
            """)
        for tool in ["knowledge", "web", "helper", "adviser", "look"] { #expect(change(tool, effects) == nil) }
        for tool in ["send", "tickets"] { #expect(change(tool, effects) == tool) }
        let sent = AgentEvent.toolStarted(name: "send")
        #expect(effects.change(in: .delegated(tool: "helper", sent)) == "send")
        #expect(effects.change(in: .delegated(tool: "adviser", sent)) == nil)
        #expect(effects.change(in: .toolStarted(name: "ticket_create")) == "ticket_create")
    }

    @Test("The own names of a server's tools are known to read where the server's tools do")
    func servers() throws {
        let effects = try effects(#"tickets: {mcp: {url: "http://localhost:9/mcp"}, effect: reads}"#)
        #expect(effects.change(in: .toolStarted(name: "ticket_search")) == nil)
    }
}
