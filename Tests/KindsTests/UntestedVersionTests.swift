import Engine
import Fakes
import Kinds
import Language
import Testing
import Wire

/// What plans say, before anything is changed, of versions that are not among the tested ones.
@Suite("Versions that are not among the tested ones")
struct UntestedVersionTests {
    private static func spec(_ version: FakeStackVersion) -> String {
        """
        tools: {tickets: {mcp: {connector: desk}}}
        agents:
          support:
            model: \(version.models.llm)
            instructions: Be brief.
            tools: [tickets]
            sampling: {temperature: 0.1, topP: 0.9, maxTokens: 500}
        """
    }

    @Test(
        "What a version does not heed, or cannot tell, is a warning of the plan, and nothing else is",
        arguments: [
            (FakeStackVersion.llamaStack047, ["`sampling.maxTokens`", "`sampling.topP`"]),
            (.llamaStack054, ["`sampling.maxTokens`", "`sampling.topP`"]), (.llamaStack061, []),
            (.ogx125, ["the connector `desk`"]), (.ogx150, []),
        ])
    func warnings(version: FakeStackVersion, told: [String]) async throws {
        let stack = try TestStack(ogx: FakeOGX(version, connectors: ["desk"]))
        var spec = Self.spec(version)
        if version == .llamaStack047 { spec = spec.replacing("connector: desk", with: "url: 'http://desk.test/mcp'") }
        let plan = try await stack.plan(spec)
        let details = plan.warnings.map(\.detail).sorted()
        #expect(details.count == told.count, "\(details)")
        for (detail, what) in zip(details, told) { #expect(detail.contains(what), "\(detail)") }
        try await stack.apply(spec)
    }

    @Test("OGX before 1.3 is not asked for its connectors, which would make it stand still")
    func connectors() async throws {
        let stack = try TestStack(ogx: FakeOGX(.ogx125, connectors: ["desk"]))
        let plan = try await stack.plan(Self.spec(.ogx125))
        #expect(plan.warnings.map(\.code.name) == ["unchecked"])
        let warning = try #require(plan.warnings.first)
        #expect(warning.detail.contains("OGX 1.2.5 cannot list its connectors; OGX since 1.3 can."))
        #expect(warning.fix?.contains("in the second turn of a conversation") == true)
        #expect(warning.subject != nil)
        #expect(stack.ogx.requests.filter { $0.contains("connectors") } == [])
    }

    @Test(
        "A connector that the server does not have is told by the plan",
        arguments: [FakeStackVersion.llamaStack054, .llamaStack061])
    func unknownConnector(version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version, connectors: ["desk"]))
        let spec = Self.spec(version).replacing("connector: desk", with: "connector: dusk")
        let thrown = await #expect(throws: Diagnostics.self) { try await stack.plan(spec) }
        #expect(thrown?.all.map(\.code.name) == ["unknown-connector"])
        #expect(thrown?.all.first?.cause == .lacking)
        #expect(thrown?.all.first?.fix == "Did you mean `desk`?")
    }

    @Test(
        "The address of a connector is sent where the server lists it: in a second turn it finds none by the id",
        arguments: FakeStackVersion.untested + [.llamaStack073, .ogx150])
    func address(version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version, connectors: ["desk"]))
        let plan = try await stack.plan(Self.spec(version))
        let shown = plan.changes.flatMap(\.fields).filter { $0.path == "tools.tickets" }.compactMap(\.new)
        let tool = try #require(shown.first?.canonicalJSON)
        #expect(tool.contains("http://desk.test/mcp") == (version != .ogx125), "\(tool)")
    }

    @Test("An address that the server does not tell is a warning of the plan")
    func hiddenAddress() async throws {
        let stack = try TestStack(ogx: FakeOGX(.ogx150, connectors: ["desk"]))
        stack.ogx.intercept { request in
            guard request.url.hasSuffix("/connectors") else { return nil }
            return .response(HTTPResponse(status: 200, body: Array(#"{"data": [{"connector_id": "desk"}]}"#.utf8)))
        }
        let plan = try await stack.plan(Self.spec(.ogx150))
        #expect(plan.warnings.map(\.code.name) == ["connector-without-address"])
        #expect(plan.warnings.first?.fix?.contains("in the second turn of a conversation") == true)
    }
}
