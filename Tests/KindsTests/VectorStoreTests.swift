import Engine
import Fakes
import Foundation
import Kinds
import Language
import Testing
import Wire

@Suite("Vector stores")
struct VectorStoreTests {
    static let spec = "vectorStores: {handbook: {embeddingModel: scripted/embed, documents: [\"docs/*.md\"]}}"
    private static let address = Address("vectorStores", "handbook")
    private static let empty = Permissions(allowEmpty: true)

    static func begin() throws -> TestStack {
        let stack = try TestStack()
        try stack.write("docs/a.md", "Refunds take 30 days.")
        try stack.write("docs/b.md", "We ship to Norway.")
        return stack
    }

    static func names(_ stack: TestStack) -> [String] {
        stack.ogx.files.map(\.filename).sorted()
    }

    private static func server(_ stack: TestStack) async throws -> LlamaStack {
        try await LlamaStack.connect(to: Endpoint(service: "OGX", base: "http://ogx.test", transport: stack.ogx))
    }

    @Test("A document carries one short mark of stack, path and content, and its path as its name")
    func marks() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec)
        let store = try #require(stack.ogx.stores.first)
        #expect(Self.names(stack) == ["docs__a.md", "docs__b.md"])
        let marks = store.attachments.compactMap { $0.attributes["drover"]?.string }
        #expect(Set(marks).count == 2)
        for mark in marks { #expect(mark.wholeMatch(of: /helpdesk:[0-9a-f]{16}/) != nil, "\(mark)") }
        #expect(store.attachments.map(\.attributes.count) == [1, 1])
    }

    @Test("A changed document is a change of exactly that document")
    func changedDocument() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec)
        try stack.write("docs/a.md", "Refunds take 14 days.")
        let plan = try await stack.plan(Self.spec)
        #expect(plan.lines == ["update vectorStores.handbook: documents.docs/a.md"])
        #expect(plan.changes.first?.fields.map(\.note) == ["content changed"])
        try await stack.apply(Self.spec)
        #expect(
            stack.ogx.stores.flatMap(\.attachments).map(\.text).sorted() == [
                "Refunds take 14 days.", "We ship to Norway.",
            ])
        #expect(Self.names(stack) == ["docs__a.md", "docs__b.md"])
    }

    @Test("A document whose name only changes its Unicode normalisation is told as renamed")
    func renamed() async throws {
        let stack = try Self.begin()
        try stack.write("docs/caf\u{E9}.md", "Cider costs 3 EUR.")
        try await stack.apply(Self.spec)
        try stack.remove("docs/caf\u{E9}.md")
        try stack.write("docs/cafe\u{301}.md", "Cider costs 3 EUR.")
        let note = "renamed: its name is in another Unicode normalisation"
        let renamed = try await stack.plan(Self.spec).changes.first?.fields.map { $0.note ?? "" } ?? []
        // Content that comes again may be more than a renaming to faiss, which is told too.
        #expect(renamed.count == 1 && renamed.first?.hasPrefix(note) == true, "\(renamed)")
        #expect(renamed.first?.contains("content changed") == false, "\(renamed)")
        try stack.write("docs/cafe\u{301}.md", "Cider costs 4 EUR.")
        let both = note + ", and its content changed"
        #expect(try await stack.plan(Self.spec).changes.first?.fields.map(\.note) == [both])
        try await stack.apply(Self.spec)
        let rest = try await stack.plan(Self.spec)
        #expect(rest.lines == [])
    }

    @Test("Another chunking builds a new store beside the old one, and tells of no document that is the same")
    func chunking() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec)
        let old = try #require(stack.ogx.stores.first?.id)
        let fixed = Self.spec.replacing("documents", with: "chunking: {maxTokens: 200, overlap: 50}, documents")
        try stack.write("docs/a.md", "Refunds take 14 days.")
        let plan = try await stack.plan(fixed)
        #expect(plan.lines == ["replace vectorStores.handbook: chunking, documents.docs/a.md"])
        let change = plan.changes.first?.fields.first
        #expect(change?.old == "auto" && change?.new == ["maxTokens": 200, "overlap": 50])
        try await stack.apply(fixed)
        #expect(stack.ogx.stores.count == 1 && stack.ogx.stores.first?.id != old)
        let sizes = stack.ogx.stores.flatMap(\.attachments).map { $0.chunking["static"]?["max_chunk_size_tokens"] }
        #expect(sizes == [200, 200])
        #expect(Self.texts(stack) == ["Refunds take 14 days.", "We ship to Norway."])
        #expect(Self.names(stack) == ["docs__a.md", "docs__b.md"])
        let rest = try await stack.plan(fixed)
        #expect(rest.lines == [])
    }

    @Test(
        "A document that gets other attributes, or another path, can be found afterwards",
        arguments: ["{path: docs/a.md, attributes: {lang: en}}", "docs/c.md"])
    func broughtAgain(entry: String) async throws {
        let stack = try Self.begin()
        try stack.write("docs/c.md", "Refunds take 30 days.")
        try await stack.apply(Self.spec.replacing("[\"docs/*.md\"]", with: "[docs/a.md, docs/b.md]"))
        try await stack.apply(Self.spec.replacing("[\"docs/*.md\"]", with: "[\(entry), docs/b.md]"))
        #expect(Self.texts(stack) == ["Refunds take 30 days.", "We ship to Norway."])
        #expect(stack.ogx.files.count == 2)
    }

    @Test("Taking out what came last builds a new store, for faiss would mix up the rest; taking out others does not")
    func takenOut() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec)
        let old = try #require(stack.ogx.stores.first?.id)
        try stack.remove("docs/b.md")
        let plan = try await stack.plan(Self.spec)
        #expect(plan.lines == ["replace vectorStores.handbook: documents.docs/b.md"])
        #expect(plan.changes.first?.fields.map(\.note) == ["removed, and faiss would mix up the rest"])
        try await stack.apply(Self.spec)
        #expect(stack.ogx.stores.count == 1 && stack.ogx.stores.first?.id != old)
        #expect(Self.texts(stack) == ["Refunds take 30 days."] && Self.names(stack) == ["docs__a.md"])

        try stack.write("docs/b.md", "We ship to Norway.")
        try await stack.apply(Self.spec)
        try stack.remove("docs/a.md")
        #expect(try await stack.plan(Self.spec).lines == ["update vectorStores.handbook: documents.docs/a.md"])
        try stack.write("docs/a.md", "Refunds take 30 days.")
        try stack.write("docs/b.md", "We ship to Sweden.")
        #expect(try await stack.plan(Self.spec).lines == ["update vectorStores.handbook: documents.docs/b.md"])
    }

    @Test("Content that came last and comes again under other attributes builds a new store where passages merge")
    func comesAgain() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec)
        let attributed = Self.spec.replacing(
            "[\"docs/*.md\"]", with: "[docs/a.md, {path: docs/b.md, attributes: {lang: en}}]")
        #expect(try await stack.plan(attributed).lines == ["replace vectorStores.handbook: documents.docs/b.md"])
        try await stack.apply(attributed)
        #expect(Self.texts(stack) == ["Refunds take 30 days.", "We ship to Norway."])
        #expect(try await stack.plan(attributed).lines == [])
    }

    /// What can be found.
    static func texts(_ stack: TestStack) -> [String] {
        stack.ogx.stores.flatMap(\.attachments).map(\.text).sorted()
    }

    @Test(
        "A chunking that servers refuse is told before anything is sent",
        arguments: [
            ("{maxTokens: 99, overlap: 0}", "out-of-range"), ("{maxTokens: 200, overlap: 101}", "large-overlap"),
        ])
    func badChunking(chunking: String, code: String) throws {
        let stack = try Self.begin()
        let thrown = #expect(throws: Diagnostics.self) {
            try stack.declare(Self.spec.replacing("documents", with: "chunking: \(chunking), documents"))
        }
        #expect(thrown?.all.map(\.code.name) == [code])
    }

    @Test("A store that holds somebody else's file is not deleted")
    func foreignFile() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec)
        let server = try await Self.server(stack)
        let file = try await server.files.upload(Array("theirs".utf8), path: "theirs.txt")
        _ = try await server.files(in: try #require(stack.ogx.stores.first).id).attach(file.id)
        let thrown = await #expect(throws: Diagnostics.self) { try await stack.plan("", Self.empty) }
        #expect(thrown?.all.map(\.code.name) == ["holds-foreign-files"])
        #expect(thrown?.all.map(\.cause) == [.protected])
        #expect(stack.ogx.stores.count == 1)
        #expect(stack.ogx.files.count == 3)
    }

    @Test("A leftover store that holds somebody else's file stays, and keeps nothing else from being planned")
    func foreignFileInLeftover() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec)
        let server = try await Self.server(stack)
        let rival = try await server.vectorStores.create(
            .init(
                name: "handbook",
                metadata: Mark(stack: StackName("helpdesk"), address: Self.address).tags,
                embeddingModel: "scripted/embed"))
        let file = try await server.files.upload(Array("theirs".utf8), path: "theirs.txt")
        _ = try await server.files(in: rival.id).attach(file.id)
        let plan = try await stack.plan(Self.spec)
        #expect(plan.lines == ["forget vectorStores.handbook"])
        #expect(plan.changes.compactMap(\.note) == ["kept: others have put something into it"])
        try await stack.apply(Self.spec)
        #expect(stack.ogx.stores.count == 2 && stack.ogx.files.count == 3)
        #expect(try await stack.plan(Self.spec).isEmpty)
    }

    @Test("A replacement says that the old store stays when others put something into it, and leaves it to them")
    func replacedForeign() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec)
        let server = try await Self.server(stack)
        let old = try #require(stack.ogx.stores.first).id
        let file = try await server.files.upload(Array("theirs".utf8), path: "theirs.txt")
        _ = try await server.files(in: old).attach(file.id)
        let cut = Self.spec.replacing(
            "embeddingModel:", with: "chunking: {maxTokens: 200, overlap: 20}, embeddingModel:")
        let plan = try await stack.plan(cut)
        #expect(
            plan.changes.compactMap(\.note) == ["the old one stays: others have put something into it"], "\(plan.lines)"
        )
        try await stack.apply(cut)
        #expect(stack.ogx.stores.count == 2 && stack.ogx.stores.contains { $0.id == old })
        #expect(try await stack.plan(cut).isEmpty)
    }

    @Test("A plan says how a new store cuts, and which attributes of a document changed")
    func told() async throws {
        let stack = try Self.begin()
        func spec(_ document: String) -> String {
            "vectorStores: {s: {embeddingModel: scripted/embed, chunking: {maxTokens: 200, overlap: 20}, documents: ["
                + "{name: a.txt, \(document)}, {name: b.txt, text: Beta}]}}"
        }
        let first = spec("text: Alpha, attributes: {lang: en, kind: faq}")
        let fields = try await stack.plan(first).changes.flatMap(\.fields)
        #expect(fields.first { $0.path == "chunking" }?.new == ["maxTokens": 200, "overlap": 20])
        try await stack.apply(first)
        #expect(try await stack.plan(first).isEmpty)
        func note(_ document: String) async throws -> String? {
            try await stack.plan(spec(document)).changes.flatMap(\.fields).first { $0.path == "documents.a.txt" }?.note
        }
        #expect(
            try await note("text: Alpha, attributes: {lang: de, kind: faq}")?.hasPrefix("attributes changed: `lang`")
                == true)
        #expect(try await note("text: Gamma, attributes: {lang: en, kind: faq}")?.hasPrefix("content changed") == true)
    }

    @Test("Of two stores with our mark the fuller counts, as when a request was delivered twice, and the other goes")
    func twoStores() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec)
        let full = try #require(stack.ogx.stores.first)
        let server = try await Self.server(stack)
        _ = try await server.vectorStores.create(
            .init(
                name: "handbook",
                metadata: Mark(stack: StackName("helpdesk"), address: Self.address).tags,
                embeddingModel: "scripted/embed"))
        let plan = try await stack.plan(Self.spec)
        #expect(plan.lines == ["delete vectorStores.handbook"])
        try await stack.apply(Self.spec)
        #expect(stack.ogx.stores.map(\.id) == [full.id])
        #expect(stack.ogx.files.count == 2)
        #expect(try await stack.plan(Self.spec).lines == [])
    }

    @Test("A replacement leaves one store with its documents, in one apply")
    func replacement() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec)
        let old = try #require(stack.ogx.stores.first)
        let other = Self.spec.replacing("documents", with: "embeddingDimension: 128, documents")
        let plan = try await stack.plan(other)
        #expect(plan.lines == ["replace vectorStores.handbook: embeddingDimension"])
        try await stack.apply(other)
        #expect(stack.ogx.stores.count == 1)
        #expect(stack.ogx.stores.first?.id != old.id)
        #expect(stack.ogx.files.count == 2)
        let rest = try await stack.plan(other)
        #expect(rest.lines == [])
        let back = try await stack.plan(Self.spec)
        #expect(back.lines == [], "what the server may choose needs no replacement when the spec is silent again")
    }

    @Test("Two stores with the same document do not take each other's uploads")
    func sharedDocument() async throws {
        let two = Self.spec.replacing(
            "handbook:", with: "first: {embeddingModel: scripted/embed, documents: [docs/a.md]}, handbook:")
        for number in 1...40 {
            let stack = try Self.begin()
            try await stack.apply(two, cutting: .after(number))
            try await stack.apply(two)
            let attached = stack.ogx.stores.flatMap(\.attachments).map(\.file)
            #expect(attached.sorted() == stack.ogx.files.map(\.id).sorted(), "cut after \(number)")
            #expect(attached.count == 3, "cut after \(number)")
        }
    }

    @Test("A file of the same name and content that was there before is nobody's leftover")
    func strangersFile() async throws {
        let stack = try Self.begin()
        let file = try await Self.server(stack).files.upload(Array("Refunds take 30 days.".utf8), path: "docs/a.md")
        for number in 1...40 { try await stack.apply(Self.spec, cutting: .after(number)) }
        try await stack.apply(Self.spec)
        #expect(stack.ogx.files.map(\.id).contains(file.id))
        #expect(stack.ogx.files.count == 3)
    }

    @Test("A store that leaves the spec takes the leftovers of its uploads along")
    func leftoversOfRemoved() async throws {
        let whole = try Self.begin()
        let requests = try await whole.apply(Self.spec, cutting: .never)
        let upload = try #require(requests.firstIndex { $0.hasPrefix("POST") && $0.hasSuffix("/v1/files") })
        let stack = try Self.begin()
        try await stack.apply(Self.spec, cutting: .after(upload + 1))
        #expect(!stack.ogx.files.isEmpty)
        try await stack.apply("", Self.empty)
        #expect(stack.ogx.files.isEmpty && stack.ogx.stores.isEmpty)
    }

    @Test("A model that the server does not offer is told with the nearest name, before anything is changed")
    func unknownModel() async throws {
        let stack = try Self.begin()
        let spec = Self.spec.replacing("scripted/embed", with: "scripted/embd")
        let thrown = await #expect(throws: Diagnostics.self) { try await stack.plan(spec) }
        #expect(thrown?.all.map(\.code.name) == ["unknown-model"])
        #expect(thrown?.all.first?.fix == "Did you mean `scripted/embed`?")
    }
}
