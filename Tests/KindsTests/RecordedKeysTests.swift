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
}
