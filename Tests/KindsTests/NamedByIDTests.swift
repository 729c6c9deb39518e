import Engine
import Fakes
import Kinds
import Language
import Testing
import Wire

/// What left the spec and is named there by its id is in use: an agent without it would be broken.
@Suite("What a spec names by its id")
struct NamedByIDTests {
    private static func agent(_ version: FakeStackVersion, _ more: String, release: Bool) -> String {
        """
        experiments: {e: {}}
        registeredModels: {m: {}}
        agents: {a: {instructions: One, log: {experiment: e, registeredModel: m}, \(more)}}
        \(release ? "releases: {production: {agent: a, alias: live, retain: 0}}" : "")
        """
    }

    private static func tool(_ tool: String, release: Bool) -> String {
        let version = FakeStackVersion.llamaStack0224
        return "tools: {\(tool)}\n"
            + agent(
                version, "model: \(version.models.llm), runtime: agents, tools: [\(tool.prefix { $0 != ":" })]",
                release: release)
    }

    private static let declared = "desk: {name: \"mcp::desk\", mcp: {url: \"http://desk.test/mcp\"}}"

    @Test(
        "A tool group stays, and no plan names it as something that goes, also where the tool keeps its name",
        arguments: [
            "byid: {toolGroup: {id: \"mcp::desk\"}}", "byid: {toolGroup: {id: \"mcp::desk/ask\"}}",
            "desk: {toolGroup: {id: \"mcp::desk\"}}",
        ], [false, true])
    func toolGroup(named: String, release: Bool) async throws {
        let stack = try TestStack(ogx: FakeOGX(.llamaStack0224))
        func isThere() -> Bool { stack.ogx.toolGroups.contains { $0.id == "mcp::desk" } }
        try await stack.apply(Self.tool(Self.declared, release: release))
        #expect(isThere())
        let spec = Self.tool(named, release: release)
        let plan = try await stack.plan(spec)
        #expect(!plan.lines.contains("delete tools.desk") && !plan.freed.contains { $0.address.kind == "tools" })
        for _ in 1...2 {
            try await stack.apply(spec)
            #expect(isThere())
        }
        #expect(try await stack.plan(spec).lines == [])
        // Once nothing names it, it goes.
        let without = Self.agent(
            .llamaStack0224, "model: \(FakeStackVersion.llamaStack0224.models.llm), runtime: agents", release: release)
        try await stack.apply(without)
        #expect(!isThere())
        #expect(try await stack.plan(without).lines == [])
    }

    @Test("A version at an alias that calls one tool of a group uses the group")
    func oneTool() async throws {
        let stack = try TestStack(ogx: FakeOGX(.llamaStack0224))
        func isThere() -> Bool { stack.ogx.toolGroups.contains { $0.id == "mcp::desk" } }
        try await stack.apply(Self.tool(Self.declared, release: false))
        try await stack.apply(Self.tool("byid: {toolGroup: {id: \"mcp::desk/ask\"}}", release: false))
        try await stack.mlflow.server().setAlias("production", of: "m", toVersion: "2")
        let without = Self.agent(
            .llamaStack0224, "model: \(FakeStackVersion.llamaStack0224.models.llm), runtime: agents", release: false)
        #expect(try await stack.plan(without).warnings.map(\.code.name) == ["still-in-use"])
        try await stack.apply(without)
        #expect(isThere())
    }

    @Test("So does a model that an agent names", arguments: FakeStackVersion.allCases.filter(\.registersModels))
    func model(version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        let declared = "models: {chat: {id: scripted-first, provider: scripted}}\n"
        try await stack.apply(declared + Self.agent(version, "model: chat", release: false))
        let id = try #require(stack.ogx.models.first { $0.id.contains("first") }?.id)
        let spec = Self.agent(version, "model: \(id)", release: false)
        let plan = try await stack.plan(spec)
        #expect(plan.lines == [] && plan.warnings.map(\.code.name) == ["still-in-use"])
        try await stack.apply(spec)
        #expect(stack.ogx.models.contains { $0.id == id })
        #expect(try await stack.plan(spec).lines == [])
        let without = Self.agent(version, "model: \(version.models.llm)", release: false)
        try await stack.apply(without)
        #expect(!stack.ogx.models.contains { $0.id == id })
    }
}
