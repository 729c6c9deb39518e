import Language
import Testing

@testable import Runtime

@Suite("ToolEffects")
struct ToolEffectsTests {
    private func call(_ name: String, of tool: String) -> AgentEvent {
        .toolFinished(Answer.ToolCall(name: name, tool: tool, arguments: [:]))
    }

    @Test("Only what is known to read changes nothing")
    func changes() {
        let effects = ToolEffects(reading: ["catalog", "helper"], quiet: ["adviser"], changing: ["shop"])
        #expect(effects.change(in: .text("shop")) == nil)
        #expect(effects.change(in: call("look", of: "catalog")) == nil)
        #expect(effects.change(in: call("buy", of: "shop")) == "buy")
        #expect(effects.change(in: call("anything", of: "unknown")) == "anything")
        #expect(effects.change(in: .toolStarted(name: "catalog")) == nil)
        #expect(effects.change(in: .delegated(tool: "helper", call("buy", of: "shop"))) == "buy")
        #expect(effects.change(in: .delegated(tool: "adviser", call("buy", of: "shop"))) == nil)
    }

    @Test("A server's own name for a tool is known to read only where all servers' tools do", arguments: [true, false])
    func names(readsBehindNames: Bool) {
        let effects = ToolEffects(reading: ["catalog"], changing: ["send"], readsBehindNames: readsBehindNames)
        #expect(effects.change(in: .toolStarted(name: "look")) == (readsBehindNames ? nil : "look"))
        #expect(effects.change(in: .toolStarted(name: "send")) == "send")
    }
}
