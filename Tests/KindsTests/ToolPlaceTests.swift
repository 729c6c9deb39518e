import Engine
import Language
import Testing

@Suite("Where a failed question is pointed at")
struct ToolPlaceTests {
    @Test("At the MCP server of a related tool, else at the agent")
    func place() throws {
        let stack = try TestStack()
        let (workflow, _) = try stack.declare(
            """
            tools:
              other: {mcp: {url: "http://desk.test/mcp"}}
              tickets: {mcp: {url: "http://desk.test/mcp"}}
            agents: {support: {model: m, instructions: i, tools: [tickets]}}
            """)
        var problem = Diagnostic("failed", "Failed", detail: "It failed.", address: "agents.support")
        #expect(workflow.place(of: problem)?.start.line == 6)
        problem.related = ["tools.nothing", "tools.tickets"]
        #expect(workflow.place(of: problem)?.start.line == 5)
    }
}
