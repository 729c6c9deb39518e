import Engine
import Fakes
import Language
import Testing
import Wire

/// One of the two servers is gone in the middle of an apply, and the other is not.
@Suite("One server gone", .gone)
struct OneServerGoneTests {
    fileprivate static let spec = """
        experiments: {e: {description: One, tags: {team: One}}}
        registeredModels: {m: {tags: {team: One}}}
        prompts: {p: {template: One, alias: live}}
        datasets: {d: {experiment: e, records: [{q: One}]}}
        vectorStores: {s: {embeddingModel: scripted/embed, documents: [{text: One, name: a.txt}, {text: Hi, name: b.txt}]}}
        tools: {t: {fileSearch: {vectorStores: [s]}}}
        agents: {a: {model: scripted/llm, instructions: One, tools: [t], log: {experiment: e, registeredModel: m}}}
        """
    fileprivate static let changed = spec.replacing("One", with: "Two")

    enum Server: CaseIterable {
        case mlflow, llamaStack

        func affects(_ request: HTTPRequest) -> Bool {
            request.url.hasPrefix(FakeMLflow.base) == (self == .mlflow)
        }
    }

    /// More than any apply asks of one server, as `reach` proves.
    private static let most = 84

    fileprivate static func destroy(_ stack: TestStack, _ scissors: Scissors = Scissors(.never)) async throws {
        let (workflow, folder) = try stack.declare(changed)
        let applied = try await stack.open(workflow.withoutDeclarations, folder, scissors).apply(
            Permissions(allowEmpty: true))
        guard applied.failures.isEmpty else { throw Diagnostics(applied.failures) }
    }

    /// What an apply says when a server is gone: never that something unexpected happened, nor nothing.
    private static func expectTold(_ body: () async throws -> Void, _ what: String) async {
        do {
            try await body()
        } catch {
            let told = Diagnostic.from(error, at: nil)
            #expect(told.cause != .unexpected && !told.detail.isEmpty, "\(what): \(told)")
        }
    }

    @Test("Is told, and the next apply makes what an undisturbed one does", arguments: Server.allCases, 1...most)
    func apply(server: Server, number: Int) async throws {
        let stack = try TestStack()
        for (spec, should) in [(Self.spec, try Undisturbed.world(0)), (Self.changed, try Undisturbed.world(1))] {
            let scissors = Scissors(.gone(number), affects: server.affects)
            await Self.expectTold(
                {
                    let applied = try await stack.open(spec, scissors).apply()
                    guard applied.failures.isEmpty else { throw Diagnostics(applied.failures) }
                }, "\(server) \(number)")
            try await stack.apply(spec)
            #expect(Contents(stack).lines.difference(from: should.lines).isEmpty, "\(server) \(number)")
            let plan = try await stack.plan(spec)
            #expect(plan.lines == [], "\(server) \(number)")
        }
        await Self.expectTold(
            { try await Self.destroy(stack, Scissors(.gone(number), affects: server.affects)) }, "\(server) \(number)")
        try await Self.destroy(stack)
        let left = Contents(stack).lines.difference(from: try Undisturbed.world(2).lines)
        #expect(left.isEmpty, "\(server) \(number): \(left)")
    }

    @Test("Every request of an apply is the one at which it goes", arguments: Server.allCases)
    func reach(server: Server) async throws {
        let stack = try TestStack()
        for spec in [Self.spec, Self.changed] {
            let scissors = Scissors(.never)
            _ = try await stack.open(spec, scissors).apply()
            let asked = scissors.requests.count { $0.contains(FakeMLflow.base) == (server == .mlflow) }
            #expect(asked <= Self.most)
        }
    }
}

extension Trait where Self == Undisturbed {
    /// What undisturbed acts leave: the apply of the first spec, of the changed one after it, and its removal.
    fileprivate static var gone: Self {
        Self {
            let stack = try TestStack()
            try await stack.apply(OneServerGoneTests.spec)
            let first = Contents(stack)
            try await stack.apply(OneServerGoneTests.changed)
            let second = Contents(stack)
            try await OneServerGoneTests.destroy(stack)
            return [first, second, Contents(stack)]
        }
    }
}
