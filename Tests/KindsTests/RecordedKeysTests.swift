import Engine
import Fakes
import Kinds
import Language
import Testing
import Wire

/// Objects that carry no mark: the record says which are ours, and what it says does not hold for ever.
@Suite("Objects that only the record knows")
struct RecordedKeysTests {
    private static let guarded = "shields: {guard: {provider: llama-guard, params: {a: 1}}}"
    private static let empty = Permissions(allowEmpty: true)

    private static func ids(_ stack: TestStack) -> [String] { stack.ogx.shields.map(\.id) }

    @Test("A key that nothing has any more is anybody's once its declaration has left the spec")
    func expired() async throws {
        let stack = try TestStack(ogx: FakeOGX(.llamaStack0224))
        let hands = try await Hands(stack)
        let before = Self.ids(stack)
        try await stack.apply(Self.guarded)
        try await hands.llamaStack.shields.unregister("guard")
        try await stack.apply("", Self.empty)
        #expect(try await stack.open("").store.load().entries.isEmpty)
        try await hands.llamaStack.shields.register(.init(id: "guard", provider: "llama-guard"))
        #expect(try await stack.plan("", Self.empty).lines == [])
        try await stack.apply("", Self.empty)
        #expect(Self.ids(stack) == before + ["guard"])
    }

    @Test("Which keys nothing has any more is known also where nothing is to be done")
    func expiredAlone() async throws {
        let stack = try TestStack(ogx: FakeOGX(.llamaStack0224))
        try await stack.apply(Self.guarded)
        for isThere in [true, false] {
            if !isThere { try await Hands(stack).llamaStack.shields.unregister("guard") }
            let run = try await stack.open("")
            let (survey, record) = try await Survey.take(of: run.workflow, with: run.drivers, loading: run.store)
            let executor = Executor(
                run.workflow, drivers: run.drivers, survey: survey, record: record, store: run.store,
                permissions: Self.empty, onEvent: { _ in })
            #expect(executor.expired.keys.sorted() == (isThere ? [] : ["shields.guard"]))
        }
    }

    @Test("What was announced and never made is somebody else's where it is not what was announced")
    func announced() async throws {
        let stack = try TestStack(ogx: FakeOGX(.llamaStack0224))
        let hands = try await Hands(stack)
        let before = Self.ids(stack)
        stack.ogx.intercept { request in
            guard request.method == .post, request.url.hasSuffix("/shields") else { return nil }
            return .json(400, #"{"detail": "Not now"}"#)
        }
        await #expect(throws: Diagnostics.self) { try await stack.apply(Self.guarded) }
        stack.ogx.intercept(nil)
        try await hands.llamaStack.shields.register(.init(id: "guard", provider: "llama-guard", params: ["a": 2]))
        let refused = await #expect(throws: Diagnostics.self) { try await stack.plan(Self.guarded) }
        #expect(refused?.all.map(\.code) == ["not-ours"])
        try await stack.apply("", Self.empty)
        #expect(Self.ids(stack) == before + ["guard"])
    }

    @Test("What was made just before an apply was cut off is ours, also where the spec says something else by then")
    func cutOff() async throws {
        let registration = { (requests: [String]) in
            try #require(requests.firstIndex { $0.hasPrefix("POST") && $0.hasSuffix("/shields") }) + 1
        }
        let number = try registration(
            await TestStack(ogx: FakeOGX(.llamaStack0224)).apply(Self.guarded, cutting: .never))
        for second in [Self.guarded, Self.guarded.replacing("a: 1", with: "a: 2")] {
            let stack = try TestStack(ogx: FakeOGX(.llamaStack0224))
            let before = Self.ids(stack)
            try await stack.apply(Self.guarded, cutting: .after(number))
            #expect(Self.ids(stack) == before + ["guard"])
            for cut in 1...12 { try await stack.apply(second, cutting: .after(cut)) }
            try await stack.apply(second)
            #expect(try await stack.plan(second).lines == [])
            try await stack.apply("", Self.empty)
            #expect(Self.ids(stack) == before)
        }
    }

    @Test(
        "What took another id leaves nothing behind, however many applies come to no end after that",
        arguments: ["shields", "tools"])
    func renamedTwice(kind: String) async throws {
        let stack = try TestStack(ogx: FakeOGX(.llamaStack0224))
        let agent = """
            agents: {a: {model: \(FakeStackVersion.llamaStack0224.models.llm), instructions: One, runtime: agents,
              tools: [it], log: false}}
            """
        func spec(_ id: String, _ more: String = "") -> String {
            kind == "shields"
                ? "shields: {it: {id: \(id), provider: llama-guard}\(more)}"
                : "tools: {it: {name: \(id), mcp: {url: \"http://desk.test/mcp\"}}}\n\(agent)"
                    + (more.isEmpty ? "" : "\nshields: {\(more.dropFirst(2))}")
        }
        func ids() -> [String] { (stack.ogx.shields + stack.ogx.toolGroups).map(\.id) }
        let before = Set(ids())
        try await stack.apply(spec("first"))
        for _ in 1...2 {
            await #expect(throws: Diagnostics.self) {
                try await stack.apply(spec("second", ", bad: {provider: nowhere}"))
            }
        }
        try await stack.apply(spec("second"))
        #expect(Set(ids()).subtracting(before) == ["second"])
        #expect(try await stack.plan(spec("second")).lines == [])
    }

    @Test("A tool group asks for its server as long as it is there, also where nothing of the spec does any more")
    func needed() async throws {
        let version = FakeStackVersion.llamaStack0224
        let stack = try TestStack(ogx: FakeOGX(version))
        let before = stack.ogx.toolGroups.map(\.id)
        try await stack.apply(
            """
            tools: {it: {mcp: {url: "http://desk.test/mcp"}}}
            agents: {a: {model: \(version.models.llm), instructions: One, runtime: agents, tools: [it], log: false}}
            """)
        var record = try await stack.open("").store.load()
        // The agent has gone, and what an alias still used has not.
        record.entries = record.entries.filter { $0.key.hasPrefix("tools.") }
        #expect(Kinds.standard.needs(of: record) == Needs(llamaStack: true))
        try await stack.apply("", Self.empty)
        #expect(Kinds.standard.needs(of: try await stack.open("").store.load()) == Needs())
        #expect(stack.ogx.toolGroups.map(\.id) == before)
    }
}
