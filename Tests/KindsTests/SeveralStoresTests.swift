import Engine
import Fakes
import Kinds
import Language
import Testing
import Wire

/// Several stores with our mark for one declaration.
@Suite("Several stores of one declaration")
struct SeveralStoresTests {
    private static let spec = "vectorStores: {handbook: {embeddingModel: scripted/embed, documents: [\"docs/*.md\"]}}"
    private static let address = Address("vectorStores", "handbook")

    private static func begin() throws -> TestStack {
        let stack = try TestStack()
        try stack.write("docs/a.md", "Refunds take 30 days.")
        try stack.write("docs/b.md", "We ship to Norway.")
        return stack
    }

    private static func server(_ stack: TestStack) async throws -> LlamaStack {
        try await LlamaStack.connect(to: Endpoint(service: "OGX", base: "http://ogx.test", transport: stack.ogx))
    }

    @Test("Of two stores with our mark none goes because its documents could not be listed")
    func unlistedStore() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec)
        let full = try #require(stack.ogx.stores.first)
        let server = try await Self.server(stack)
        _ = try await server.vectorStores.create(
            .init(
                name: "handbook", metadata: Mark(stack: StackName("helpdesk"), address: Self.address).tags,
                embeddingModel: "scripted/embed"))
        stack.ogx.intercept { request in
            guard request.method == .get, request.url.contains("\(full.id)/files") else { return nil }
            return .json(400, #"{"detail": "Field required"}"#)
        }
        let plan = try await stack.plan(Self.spec)
        #expect(!plan.changes.contains { $0.action == .delete }, "\(plan.lines)")
        stack.ogx.intercept(nil)
        try await stack.apply(Self.spec)
        #expect(stack.ogx.stores.map(\.id) == [full.id] && stack.ogx.files.count == 2)
    }

    @Test("Of two stores with our mark the one that is as wanted counts, however few documents it has")
    func fittingStore() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec)
        let server = try await Self.server(stack)
        let made = try await server.vectorStores.create(
            .init(
                name: "handbook", metadata: Mark(stack: StackName("helpdesk"), address: Self.address).tags,
                embeddingModel: "scripted/embed", embeddingDimension: 128))
        let other = Self.spec.replacing("documents", with: "embeddingDimension: 128, documents")
        #expect(try await stack.plan(other).changes.map(\.action) == [.update, .delete])
        try await stack.apply(other)
        #expect(stack.ogx.stores.map(\.id) == [made.id])
    }
}
