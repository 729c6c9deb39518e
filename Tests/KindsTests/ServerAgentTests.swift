import Engine
import Fakes
import Kinds
import Language
import Testing
import Wire

/// Agents that a server of Llama Stack 0.2 or 0.3 runs.
@Suite("Agents of the server")
struct ServerAgentTests {
    private static let versions = FakeStackVersion.allCases.filter { !$0.agentPaths.isEmpty }

    /// An agent with an MCP tool, which is logged.
    private static func spec(
        _ version: FakeStackVersion, _ instructions: String = "Be brief.", runtime: String = "agents",
        log: String = "{}"
    ) -> String {
        """
        tools: {tickets: {mcp: {url: "http://desk.test/mcp"}}}
        agents:
          support:
            {model: \(version.models.llm), instructions: \(instructions), tools: [tickets], runtime: \(runtime), log: \(log)}
        """
    }

    private static func names(_ stack: TestStack) -> [String] {
        stack.ogx.agents.compactMap { $0.value["agent_config"]?["name"]?.string }
    }

    /// A server that runs an MCP provider, as the lab's does.
    private static func begin(_ version: FakeStackVersion) throws -> TestStack {
        try TestStack(ogx: FakeOGX(version))
    }

    @Test("Each definition has a server agent of its own; its MCP tool is a tool group", arguments: versions)
    func life(_ version: FakeStackVersion) async throws {
        let stack = try Self.begin(version)
        try await stack.apply(Self.spec(version))
        let first = try #require(Self.names(stack).first)
        #expect(first.wholeMatch(of: /helpdesk\/support@[0-9a-f]{12}/) != nil)
        let groups = stack.ogx.toolGroups.map(\.id)
        #expect(groups.contains("mcp::helpdesk-tickets"))
        #expect(stack.ogx.agents.first?.value["agent_config"]?["toolgroups"]?.array == ["mcp::helpdesk-tickets"])
        let same = try await stack.plan(Self.spec(version))
        #expect(same.lines == [])

        let changed = Self.spec(version, "Be kind.")
        let plan = try await stack.plan(changed)
        #expect(plan.lines == ["update agents.support: instructions"])
        try await stack.apply(changed)
        #expect(Self.names(stack).count == 1 && Self.names(stack) != [first])
        let again = try await stack.plan(changed)
        #expect(again.lines == [])
    }

    @Test("A server agent of a version that an alias points at stays until the alias moves", arguments: versions)
    func aliased(_ version: FakeStackVersion) async throws {
        let stack = try Self.begin(version)
        try await stack.apply(Self.spec(version))
        try await stack.mlflow.server().setAlias("production", of: "helpdesk-support", toVersion: "1")
        let changed = Self.spec(version, "Be kind.")
        try await stack.apply(changed)
        #expect(Self.names(stack).count == 2)
        let same = try await stack.plan(changed)
        #expect(same.lines == [])
        try await stack.mlflow.server().setAlias("production", of: "helpdesk-support", toVersion: "2")
        let plan = try await stack.plan(changed)
        #expect(plan.lines == ["update agents.support: serverAgents"])
        try await stack.apply(changed)
        #expect(Self.names(stack).count == 1)
        try await stack.apply("", Permissions(allowEmpty: true))
        #expect(Self.names(stack) == [])
    }

    @Test("A server agent that somebody deleted is made again", arguments: versions)
    func drift(_ version: FakeStackVersion) async throws {
        let stack = try Self.begin(version)
        try await stack.apply(Self.spec(version))
        let before = Self.names(stack)
        stack.ogx.removeAgents()
        let plan = try await stack.plan(Self.spec(version))
        #expect(plan.lines == ["update agents.support: serverAgent"])
        try await stack.apply(Self.spec(version))
        #expect(Self.names(stack) == before)
        #expect(stack.mlflow.store.versions.count == 1)
    }

    @Test("What runs otherwise needs no server agent and no tool group any more", arguments: versions, ["{}", "false"])
    func otherwise(_ version: FakeStackVersion, log: String) async throws {
        let stack = try Self.begin(version)
        let groups = stack.ogx.toolGroups.map(\.id)
        try await stack.apply(Self.spec(version, log: log))
        #expect(Self.names(stack).count == 1)
        let other = Self.spec(version, runtime: "responses", log: log)
        try await stack.apply(other)
        #expect(Self.names(stack) == [])
        #expect(stack.ogx.toolGroups.map(\.id) == groups)
        let rest = try await stack.plan(other)
        #expect(rest.lines == [])
    }

    @Test("Left to itself, 0.2 runs server agents and later versions the Responses API")
    func auto() async throws {
        for version in FakeStackVersion.allCases {
            let stack = try Self.begin(version)
            try await stack.apply(Self.spec(version, runtime: "auto"))
            #expect(Self.names(stack).count == (version == .llamaStack0224 ? 1 : 0), "\(version)")
        }
    }

    @Test("Where a server has no agents, `runtime: agents` and `existing` are code 10, and say what has them")
    func notOffered() async throws {
        let stack = try Self.begin(.ogx150)
        for fields in ["runtime: agents", "existing: {id: a1}"] {
            let thrown = await #expect(throws: Diagnostics.self) {
                try await stack.plan("agents: {a: {model: scripted/llm, instructions: i, \(fields)}}")
            }
            #expect(thrown?.all.map(\.code.name) == ["not-offered"])
            #expect(thrown?.all.first?.cause == .lacking)
            #expect(thrown?.all.first?.fix?.contains("Llama Stack 0.2 and 0.3 have them") == true)
        }
    }

    @Test("An agent that the server has already is used and never changed", arguments: versions)
    func existing(_ version: FakeStackVersion) async throws {
        let stack = try Self.begin(version)
        try await stack.apply(Self.spec(version, log: "false"))
        let id = try #require(stack.ogx.agents.first?.id)
        let before = Contents(stack).lines.filter { $0.hasPrefix("agent ") }
        let other = "{model: \(version.models.llm), instructions: i, existing: {id: ID}}"
        let using = Self.spec(version, log: "false") + "\n  other: " + other.replacing("ID", with: id)
        try await stack.apply(using)
        #expect(Contents(stack).lines.filter { $0.hasPrefix("agent ") } == before)
        let definition = stack.mlflow.store.versions.flatMap(\.tags).first { $0.key == "drover.definition" }
        #expect(definition?.value.contains(#""agentID":"\#(id)""#) == true)
        let same = try await stack.plan(using)
        #expect(same.lines == [])
        let thrown = await #expect(throws: Diagnostics.self) {
            try await stack.plan("agents: {other: \(other.replacing("ID", with: "nobody"))}")
        }
        #expect(thrown?.all.map(\.code.name) == ["unknown-server-agent"])
        #expect(thrown?.all.first?.cause == .lacking)
    }

    @Test("Even one of our own stays when the spec names it by its id", arguments: versions, ["{}", "false"])
    func ownExisting(_ version: FakeStackVersion, log: String) async throws {
        let stack = try Self.begin(version)
        try await stack.apply(Self.spec(version, log: log))
        let own = try #require(stack.ogx.agents.first?.id)
        let using = Self.spec(version, log: log).replacing("runtime: agents", with: "existing: {id: \(own)}")
        let bare = using.replacing("tools: [tickets], ", with: "").replacing(/tools: \{tickets[^\n]*\n/, with: "")
        for spec in [using, bare] {
            try await stack.apply(spec)
            #expect(stack.ogx.agents.map(\.id) == [own])
            #expect(stack.ogx.toolGroups.contains { $0.id == "mcp::helpdesk-tickets" })
            let rest = try await stack.plan(spec)
            #expect(rest.lines == [])
        }
        try await stack.apply("", Permissions(allowEmpty: true))
        #expect(!stack.ogx.toolGroups.contains { $0.id == "mcp::helpdesk-tickets" })
    }

    @Test("A tool group whose MCP server has moved is taken off and registered again", arguments: versions)
    func movedServer(_ version: FakeStackVersion) async throws {
        let stack = try Self.begin(version)
        try await stack.apply(Self.spec(version))
        let moved = Self.spec(version).replacing("desk.test", with: "other.test")
        let plan = try await stack.plan(moved)
        #expect(plan.lines == ["replace tools.tickets: endpoint", "update agents.support: tools.tickets"])
        try await stack.apply(moved)
        let group = stack.ogx.toolGroups.first { $0.id == "mcp::helpdesk-tickets" }
        #expect(group?.value["mcp_endpoint"]?["uri"] == "http://other.test/mcp")
        let rest = try await stack.plan(moved)
        #expect(rest.lines == [])
    }

    @Test("Nothing is registered or made twice when a gateway puts off what the server did", arguments: versions)
    func gateway(_ version: FakeStackVersion) async throws {
        let shield = version.hasShields ? "shields: {guard: {provider: llama-guard}}\n" : ""
        let model = "models: {more: {id: more, provider: scripted, providerModel: scripted-a}}\n"
        let spec = shield + model + Self.spec(version)
        let whole = try Self.begin(version)
        let count = try await whole.apply(spec, cutting: .never).count
        for number in 1...count {
            for cut in [Scissors.Cut.gateway(number), .busy(number)] {
                let stack = try Self.begin(version)
                let applied = try await stack.open(spec, Scissors(cut)).apply()
                #expect(applied.failures == [], "\(cut)")
                #expect(Contents(stack).lines.difference(from: Contents(whole).lines).isEmpty, "\(cut)")
            }
        }
    }

    @Test("A tool group whose replacement is refused is brought back", arguments: versions)
    func refusedGroup(_ version: FakeStackVersion) async throws {
        let stack = try Self.begin(version)
        try await stack.apply(Self.spec(version))
        let moved = Self.spec(version).replacing("desk.test", with: "other.test")
        let refusing = Scissors(.refusing) { $0.method == .post && $0.url.hasSuffix("/toolgroups") }
        let applied = try await stack.open(moved, refusing).apply()
        #expect(applied.failures.count == 1)
        let group = stack.ogx.toolGroups.first { $0.id == "mcp::helpdesk-tickets" }
        #expect(group?.value["mcp_endpoint"]?["uri"] == "http://desk.test/mcp")
    }

    @Test(
        "An apply that was cut off at any request is finished by the next one, with no agent made twice",
        arguments: zip(versions, ["{}", "false"]))
    func cut(_ version: FakeStackVersion, log: String) async throws {
        let (first, second) = (Self.spec(version, log: log), Self.spec(version, "Be kind.", log: log))
        let whole = try Self.begin(version)
        let creating = try await whole.apply(first, cutting: .never).count
        let one = Contents(whole).lines
        let changing = try await whole.apply(second, cutting: .never).count
        let two = Contents(whole).lines
        for number in 1...creating {
            for cut in [Scissors.Cut.after(number), .answer(number)] {
                let stack = try Self.begin(version)
                try await stack.apply(first, cutting: cut)
                try await stack.apply(first)
                let found = Contents(stack).lines
                #expect(found.difference(from: one).isEmpty, "creating, \(cut) of \(creating)")
            }
        }
        for number in 1...changing {
            for cut in [Scissors.Cut.after(number), .answer(number)] {
                let stack = try Self.begin(version)
                try await stack.apply(first)
                try await stack.apply(second, cutting: cut)
                try await stack.apply(second)
                let found = Contents(stack).lines
                #expect(found.difference(from: two).isEmpty, "changing, \(cut) of \(changing)")
                let rest = try await stack.plan(second)
                #expect(rest.lines == [], "changing, \(cut) of \(changing)")
            }
        }
    }
}
