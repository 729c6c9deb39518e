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
        let warnings = try await stack.plan(without).warnings
        #expect(warnings.map(\.code.name) == ["still-in-use"])
        let user = "`models:/m/2`, which an alias points at, or a release may go back to, calls it."
        #expect(warnings.first?.detail.hasSuffix(user) == true, "\(warnings.first?.detail ?? "")")
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
        #expect(plan.warnings.first?.detail.hasSuffix("and stays: `agents.a` names it by its id.") == true)
        try await stack.apply(spec)
        #expect(stack.ogx.models.contains { $0.id == id })
        #expect(try await stack.plan(spec).lines == [])
        let without = Self.agent(version, "model: \(version.models.llm)", release: false)
        try await stack.apply(without)
        #expect(!stack.ogx.models.contains { $0.id == id })
    }

    /// The plan of a destroy, as the command makes it: the spec is still known then.
    private static func destroy(_ spec: String, _ selection: Selection, on stack: TestStack) async throws -> Plan {
        let run = try await stack.open(spec)
        let workflow = run.workflow.withoutDeclarations
        let (survey, record) = try await Survey.take(of: workflow, with: run.drivers, loading: run.store)
        return try await Planner(
            workflow, drivers: run.drivers, survey: survey, record: record,
            permissions: Permissions(allowEmpty: true), selection: selection
        ).plan()
    }

    @Test("A destroy of a part takes along what is named only by what it removes, and leaves what the rest names")
    func destroyedInPart() async throws {
        let version = FakeStackVersion.llamaStack0224
        let stack = try TestStack(ogx: FakeOGX(version))
        let llm = version.models.llm
        let chat = "models: {chat: {id: scripted-first, provider: scripted}}\n"
        func spec(_ model: String, _ tool: String) -> String {
            "tools: {\(tool)}\n"
                + Self.agent(
                    version, "model: \(model), runtime: agents, tools: [\(tool.prefix { $0 != ":" })]", release: false)
        }
        try await stack.apply(chat + spec("chat", Self.declared))
        let id = try #require(stack.ogx.models.first { $0.id.contains("first") }?.id)
        let named = spec(id, "byid: {toolGroup: {id: \"mcp::desk/ask\"}}")
        try await stack.apply(named)
        let gone: Set = ["delete models.chat", "delete tools.desk"]
        let rest = try await Self.destroy(named, Selection(excluded: [AddressPattern("experiments")]), on: stack)
        #expect(gone.isSubset(of: rest.lines) && rest.lines.contains { $0.hasSuffix("agents.a") }, "\(rest.lines)")
        let targets = Selection(targets: [AddressPattern("models"), AddressPattern("tools")])
        let part = try await Self.destroy(named, targets, on: stack)
        #expect(part.lines == [] && part.warnings.map(\.code.name) == ["still-in-use", "still-in-use"])
        #expect(part.warnings.allSatisfy { $0.fix == "Destroy `agents.a`, too." })
        let users = Set(part.warnings.compactMap { $0.detail.split(separator: ": ").last.map(String.init) })
        #expect(users == ["`agents.a` names it by its id.", "`tools.byid` names it by its id."], "\(users)")
        #expect(gone.isSubset(of: try await Self.destroy(named, .everything, on: stack).lines))
        #expect(
            try await stack.plan(spec(llm, "byid: {toolGroup: {id: \"mcp::desk\"}}")).lines.contains(
                "delete models.chat"))
    }
}
