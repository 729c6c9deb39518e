import Engine
import Fakes
import Kinds
import Language
import Testing
import Wire

/// A release that moves on lets go of old versions, and so of what only they use.
@Suite("What a promotion frees")
struct FreedTests {
    private static func spec(_ tokens: Int) -> String {
        """
        vectorStores:
          s: {embeddingModel: scripted/embed, chunking: {maxTokens: \(tokens), overlap: 50}, documents: [a.md]}
        tools: {t: {fileSearch: {vectorStores: [s]}}}
        agents: {a: {model: scripted/llm, instructions: One, tools: [t]}}
        releases: {production: {agent: a, alias: production, retain: 1}}
        """
    }

    /// A stack with a version at the alias, one that the release may go back to, and the store of each.
    private func promotedTwice() async throws -> (stack: TestStack, oldest: String) {
        let stack = try TestStack()
        try stack.write("a.md", "Llamas eat hay.")
        try await stack.apply(Self.spec(400))
        let oldest = try #require(stack.ogx.stores.first).id
        #expect(try await stack.plan(Self.spec(500)).freed.isEmpty)
        try await stack.apply(Self.spec(500))
        #expect(stack.ogx.stores.count == 2)
        #expect(try await stack.plan(Self.spec(500)).lines == [])
        return (stack, oldest)
    }

    @Test("A plan shows what its promotion frees, and it goes then")
    func shown() async throws {
        let (stack, oldest) = try await promotedTwice()
        let plan = try await stack.plan(Self.spec(600))
        #expect(plan.freed.map(\.address) == [Address("vectorStores", "s")])
        #expect(plan.freed.allSatisfy { $0.object.contains(oldest) }, "\(plan.freed)")
        try await stack.apply(Self.spec(600))
        #expect(stack.ogx.stores.count == 2 && !stack.ogx.stores.contains { $0.id == oldest })
        #expect(try await stack.plan(Self.spec(600)).lines == [])
    }

    @Test("What a plan does not show as freed stays for the next one")
    func unshown() async throws {
        let (stack, oldest) = try await promotedTwice()
        let run = try await stack.open(Self.spec(600))
        let (survey, record) = try await Survey.take(of: run.workflow, with: run.drivers, loading: run.store)
        var plan = try await Planner(
            run.workflow, drivers: run.drivers, survey: survey, record: record, permissions: Permissions()
        ).plan()
        plan.freed = []
        let applied = try await Executor(
            run.workflow, drivers: run.drivers, survey: survey, record: record, store: run.store,
            permissions: Permissions(), onEvent: { _ in }
        ).apply(plan, parallelism: 4)
        #expect(applied.failures.isEmpty)
        #expect(stack.ogx.stores.contains { $0.id == oldest })
        #expect(try await stack.plan(Self.spec(600)).lines == ["delete vectorStores.s"])
        try await stack.apply(Self.spec(600))
        #expect(!stack.ogx.stores.contains { $0.id == oldest })
    }

    @Test("What left the spec and only an old version uses is shown as freed, too")
    func left() async throws {
        func spec(_ instructions: String, _ model: String) -> String {
            """
            \(model == "chat" ? "models: {chat: {id: scripted-first, provider: scripted}}" : "")
            agents: {a: {model: \(model), instructions: \(instructions)}}
            releases: {production: {agent: a, alias: production, retain: 0}}
            """
        }
        let version = FakeStackVersion.llamaStack0224
        let stack = try TestStack(ogx: FakeOGX(version))
        try await stack.apply(spec("One", "chat"))
        let plan = try await stack.plan(spec("Two", version.models.llm))
        #expect(plan.warnings.map(\.code.name) == ["still-in-use"])
        // The agent of the old version is on the server, too.
        #expect(plan.freed.map(\.address) == [Address("agents", "a"), Address("models", "chat")])
        try await stack.apply(spec("Two", version.models.llm))
        #expect(!stack.ogx.models.contains { $0.id.contains("first") })
    }

    @Test("Once an alias has gone back, a plan tells what that freed of all that it removes")
    func goneBack() async throws {
        let stack = try TestStack()
        try stack.write("a.md", "Llamas eat hay.")
        func spec(_ tokens: Int) -> String {
            Self.spec(tokens).replacing("retain: 1", with: "retain: 1, approve: manual")
        }
        var stores: [String] = []
        for tokens in [400, 500, 600] {
            try await stack.apply(spec(tokens))
            stores += stack.ogx.stores.map(\.id).filter { !stores.contains($0) }
            guard tokens < 600 else { continue }
            _ = try await Kinds.approve("production", version: nil, on: try await stack.open(spec(tokens)).servers) {
                _ in
            }
        }
        #expect(stores.count == 3)
        #expect(try await Kinds.undone("production", on: try await stack.open(spec(600)).servers) == nil)
        // Before it goes back, a plan tells the same.
        let before = try await stack.open(spec(600))
        let way = try await Kinds.wayBack("production", on: before.servers)
        #expect(way.version == 1 && way.promotion?.isReturn == true)
        let shown = try await Self.freed(on: before, after: Beforehand(promotions: [try #require(way.promotion)]))
        _ = try await Kinds.rollBack("production", on: try await stack.open(spec(600)).servers, reason: nil)

        let run = try await stack.open(spec(600))
        let undone = try #require(try await Kinds.undone("production", on: run.servers))
        #expect(undone.version == 2)
        let (survey, record) = try await Survey.take(of: run.workflow, with: run.drivers, loading: run.store)
        let plan = try await Planner(
            run.workflow, drivers: run.drivers, survey: survey, record: record, permissions: Permissions(),
            undoing: undone
        ).plan()
        #expect(plan.freed.map(\.address) == [Address("vectorStores", "s")])
        #expect(plan.freed.allSatisfy { $0.object.contains(stores[1]) }, "\(plan.freed) of \(stores)")
        #expect(shown == plan.freed, "\(shown)")
    }

    /// What a plan says that something done by hand frees.
    private static func freed(on run: TestRun, after byHand: Beforehand) async throws -> [Freed] {
        let (survey, record) = try await Survey.take(of: run.workflow, with: run.drivers, loading: run.store)
        return try await Planner(
            run.workflow, drivers: run.drivers, survey: survey, record: record, permissions: Permissions(),
            after: byHand
        ).plan().freed
    }
}
