import Testing

@testable import Runtime

@Suite("Addresses of agents")
struct AgentAddressTests {
    @Test("An agent has the address of its declaration, and one without a name has none")
    func address() {
        #expect(AgentDefinition(name: "support", model: "m", instructions: "").address == "agents.support")
        #expect(AgentDefinition(name: "", model: "m", instructions: "").address == nil)
    }
}
