import Engine
import Fakes
import Kinds
import Language
import Synchronization
import Testing
import Wire

/// Stores whose files the server cannot list: nobody can tell whose they are, but by their count.
@Suite("Vector stores that cannot list their files")
struct BrokenStoreTests {
    private static let spec = "vectorStores: {handbook: {embeddingModel: scripted/embed, documents: [\"docs/*.md\"]}}"
    private static let empty = Permissions(allowEmpty: true)

    private static func begin() throws -> TestStack {
        let stack = try TestStack()
        try stack.write("docs/a.md", "Refunds take 30 days.")
        try stack.write("docs/b.md", "We ship to Norway.")
        return stack
    }

    private static func server(_ stack: TestStack) async throws -> LlamaStack {
        try await LlamaStack.connect(to: Endpoint(service: "OGX", base: "http://ogx.test", transport: stack.ogx))
    }

    /// Lets a store fail to list its files, as OGX 1.5.0 did after an interrupted attachment.
    private static func breakListing(of store: String, in stack: TestStack) {
        let refusal = #"{"error":{"message":"{'errors': [{'loc': ['id'], 'msg': 'Field required'}]}"}}"#
        stack.ogx.intercept { request in
            guard request.method == .get, request.url.contains("/vector_stores/\(store)/files") else { return nil }
            return .response(HTTPResponse(status: 400, body: Array(refusal.utf8)))
        }
    }

    @Test("A store whose files the server cannot list any more is made anew, and the old one goes")
    func broken() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec)
        let old = try #require(stack.ogx.stores.first?.id)
        Self.breakListing(of: old, in: stack)
        let plan = try await stack.plan(Self.spec)
        #expect(plan.lines == ["replace vectorStores.handbook: files"])
        try await stack.apply(Self.spec)
        #expect(stack.ogx.stores.count == 1 && stack.ogx.stores.first?.id != old)
        #expect(stack.ogx.files.count == 2)
        let rest = try await stack.plan(Self.spec)
        #expect(rest.lines == [])
    }

    @Test("A store that cannot list its files is deleted with them when the record has all that it counts")
    func brokenAndDestroyed() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec)
        Self.breakListing(of: try #require(stack.ogx.stores.first?.id), in: stack)
        try await stack.apply("", Self.empty)
        #expect(stack.ogx.stores.isEmpty && stack.ogx.files.isEmpty)
    }

    @Test("A store that cannot list its files and counts more than ours is not deleted, and replaced by a new one only")
    func brokenWithOthers() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec)
        let old = try #require(stack.ogx.stores.first?.id)
        let server = try await Self.server(stack)
        let theirs = try await server.files.upload(Array("Theirs.".utf8), path: "theirs.md")
        _ = try await server.files(in: old).attach(theirs.id)
        Self.breakListing(of: old, in: stack)
        let thrown = await #expect(throws: Diagnostics.self) { try await stack.apply("", Self.empty) }
        #expect(thrown?.all.map(\.code.name) == ["files-unknown"])
        #expect(stack.ogx.stores.map(\.id) == [old] && stack.ogx.files.count == 3)
        let unknown = "the server cannot list its files, and nobody can tell whose they are"
        #expect(try await stack.plan(Self.spec).changes.compactMap(\.note) == ["the old one stays: \(unknown)"])
        for _ in 1...2 {
            try await stack.apply(Self.spec)
            #expect(stack.ogx.stores.count == 2 && stack.ogx.stores.first?.id == old)
            #expect(stack.ogx.files.count == 5 && stack.ogx.files.contains { $0.id == theirs.id })
            let rest = try await stack.plan(Self.spec)
            #expect(rest.lines == [] && rest.warnings.map(\.code.name) == ["leftover-stays"])
            #expect(rest.warnings.allSatisfy { $0.detail.contains(unknown) })
        }
        // Once they have taken theirs out, the count says that the rest is ours.
        try await server.files(in: old).detach(theirs.id)
        #expect(try await stack.plan(Self.spec).lines == ["delete vectorStores.handbook"])
        try await stack.apply(Self.spec)
        #expect(stack.ogx.stores.count == 1 && stack.ogx.stores.first?.id != old && stack.ogx.files.count == 3)
        #expect(try await stack.plan(Self.spec).isEmpty)
        try await stack.apply(Self.spec)
        let entry = try await stack.open(Self.spec).store.load().entries["vectorStores.handbook"]
        #expect(entry?.fields["replaced"] == nil && entry?.fields["uploads"] != nil)
    }

    @Test("A replaced store whose files are listed again goes, or is left to those who put something into it")
    func listedAgain() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec)
        let old = try #require(stack.ogx.stores.first?.id)
        let server = try await Self.server(stack)
        let theirs = try await server.files.upload(Array("Theirs.".utf8), path: "theirs.md")
        _ = try await server.files(in: old).attach(theirs.id)
        Self.breakListing(of: old, in: stack)
        try await stack.apply(Self.spec)
        #expect(stack.ogx.stores.map(\.metadata).count { $0["drover.stack"] != nil } == 2)
        stack.ogx.intercept(nil)
        let plan = try await stack.plan(Self.spec)
        #expect(plan.lines == ["forget vectorStores.handbook"])
        #expect(plan.changes.compactMap(\.note) == ["kept: others have put something into it"])
        try await stack.apply(Self.spec)
        #expect(stack.ogx.stores.map(\.metadata).count { $0["drover.stack"] != nil } == 1)
        #expect(try await stack.plan(Self.spec).isEmpty)
    }

    @Test("A refusal that nobody explained is asked about again before a store counts as lost")
    func refusedOnce() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec)
        let count = Mutex(0)
        stack.ogx.intercept { request in
            guard request.method == .get, request.url.contains("/files?"), request.url.contains("/vector_stores/"),
                count.withLock({ count in
                    count += 1
                    return count == 1
                })
            else { return nil }
            return .response(HTTPResponse(status: 400, body: Array("Bad Request".utf8)))
        }
        #expect(try await stack.plan(Self.spec).lines == [])
        #expect(count.withLock { $0 } > 1)
    }
}
