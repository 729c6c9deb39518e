import Engine
import Fakes
import Foundation
import Kinds
import Language
import Testing
import Wire

/// What somebody else, or a request that was delivered twice, does to a store and its files.
@Suite("Drift of a vector store")
struct StoreDriftTests {
    private static let spec = "vectorStores: {handbook: {embeddingModel: scripted/embed, documents: [\"docs/*.md\"]}}"

    private static func begin(_ spec: String = spec) async throws -> TestStack {
        let stack = try TestStack()
        try stack.write("docs/a.md", "Refunds take 30 days.")
        try stack.write("docs/b.md", "We ship to Norway.")
        try await stack.apply(spec)
        return stack
    }

    private static func server(_ stack: TestStack) async throws -> LlamaStack {
        try await LlamaStack.connect(to: Endpoint(service: "OGX", base: "http://ogx.test", transport: stack.ogx))
    }

    private static func expectWhole(_ stack: TestStack, _ spec: String = spec) async throws {
        let texts = stack.ogx.stores.flatMap(\.attachments).map(\.text).sorted()
        #expect(texts == ["Refunds take 30 days.", "We ship to Norway."])
        #expect(stack.ogx.files.count == 2)
        #expect(try await stack.plan(spec).lines == [])
    }

    private static func destroy(_ stack: TestStack) async throws {
        let (workflow, folder) = try stack.declare("")
        let applied = try await stack.open(workflow.withoutDeclarations, folder, Scissors(.never)).apply(
            Permissions(allowEmpty: true))
        #expect(applied.failures == [])
    }

    @Test("A store that somebody deleted left its files: they go with the next apply", arguments: [true, false])
    func deletedStore(isWanted: Bool) async throws {
        let stack = try await Self.begin()
        stack.ogx.remove(store: try #require(stack.ogx.stores.first?.id))
        if isWanted {
            let plan = try await stack.plan(Self.spec)
            #expect(plan.changes.map(\.action) == [.create, .delete])
            #expect(plan.changes.last?.label == "2 uploaded files, in no store")
            try await stack.apply(Self.spec)
            try await Self.expectWhole(stack)
        } else {
            try await Self.destroy(stack)
            #expect(stack.ogx.files.isEmpty)
        }
    }

    @Test("Files of ours that somebody put into another store stay there")
    func usedElsewhere() async throws {
        let stack = try await Self.begin()
        let old = try #require(stack.ogx.stores.first)
        let server = try await Self.server(stack)
        let theirs = try await server.vectorStores.create(.init(name: "theirs", embeddingModel: "scripted/embed"))
        _ = try await server.files(in: theirs.id).attach(old.attachments[0].file)
        stack.ogx.remove(store: old.id)
        try await Self.destroy(stack)
        #expect(stack.ogx.files.map(\.id) == [old.attachments[0].file])
    }

    @Test("What an upload made that was delivered twice is found and removed", arguments: [true, false])
    func uploadedTwice(isWanted: Bool) async throws {
        let stack = try TestStack()
        try stack.write("docs/a.md", "Refunds take 30 days.")
        try stack.write("docs/b.md", "We ship to Norway.")
        stack.ogx.intercept { request in
            if request.method == .post, request.url.hasSuffix("/v1/files") { stack.ogx.takeIn(request) }
            return nil
        }
        try await stack.apply(Self.spec)
        stack.ogx.intercept(nil)
        #expect(stack.ogx.files.count == 4)
        // Of other content: nobody knows whose it is.
        let other = try await Self.server(stack).files.upload(Array("We sail to Norway.".utf8), path: "docs/b.md")
        if isWanted {
            #expect(try await stack.plan(Self.spec).changes.last?.label == "2 uploaded files, in no store")
            try await stack.apply(Self.spec)
            stack.ogx.remove(file: other.id)
            try await Self.expectWhole(stack)
        } else {
            try await Self.destroy(stack)
            #expect(stack.ogx.files.map(\.id) == [other.id])
        }
    }

    /// Documents are uploaded at the same time, in any order; the last of the spec is attached last.
    private static func file(_ name: String, _ stack: TestStack) throws -> String {
        try #require(stack.ogx.files.first { $0.filename.hasSuffix(name) }, "\(stack.ogx.files.map(\.filename))").id
    }

    @Test("An uploaded file that somebody deleted while its attachment stays is brought again")
    func deletedFile() async throws {
        let stack = try await Self.begin()
        stack.ogx.remove(file: try Self.file("a.md", stack))
        let plan = try await stack.plan(Self.spec)
        #expect(plan.lines == ["update vectorStores.handbook: documents.docs/a.md"])
        #expect(plan.changes.first?.fields.first?.note == "its uploaded file was deleted")
        try await stack.apply(Self.spec)
        try await Self.expectWhole(stack)
    }

    @Test("The same of the newest document builds a new store, where its passages would be mixed up")
    func deletedNewestFile() async throws {
        let stack = try await Self.begin()
        stack.ogx.remove(file: try Self.file("b.md", stack))
        #expect(try await stack.plan(Self.spec).lines == ["replace vectorStores.handbook: documents.docs/b.md"])
        try await stack.apply(Self.spec)
        try await Self.expectWhole(stack)
    }

    @Test(
        "Attributes of a document that somebody changed or took away are put back, the mark too",
        arguments: [["lang": "no", "drover": "MARK"], ["drover": "MARK"], ["lang": "en"], [:]])
    func attributes(changed: [String: String]) async throws {
        let spec = Self.spec.replacing(
            "[\"docs/*.md\"]", with: "[{path: docs/a.md, attributes: {lang: en}}, docs/b.md]")
        let stack = try await Self.begin(spec)
        let store = try #require(stack.ogx.stores.first)
        let attached = try #require(store.attachments.first { $0.attributes["lang"] != nil })
        let mark = try #require(attached.attributes["drover"]?.string)
        let server = try await Self.server(stack)
        try await server.files(in: store.id).update(
            attached.file, attributes: changed.mapValues { $0 == "MARK" ? mark : $0 })
        let plan = try await stack.plan(spec)
        #expect(plan.lines == ["update vectorStores.handbook: documents.docs/a.md"])
        #expect(plan.changes.first?.fields.first?.note == "its attributes were changed")
        try await stack.apply(spec)
        let now = try #require(stack.ogx.stores.first)
        #expect(now.id == store.id)
        #expect(
            now.attachments.first { $0.file == attached.file }?.attributes == ["lang": "en", "drover": .string(mark)])
        try await Self.expectWhole(stack, spec)
    }

    @Test("Another stack's store of the same name is no rival, and can still be taken over")
    func sameName() async throws {
        let stack = try TestStack()
        try stack.write("docs/a.md", "Refunds take 30 days.")
        let theirs = try await Self.server(stack).vectorStores.create(
            .init(
                name: "handbook",
                metadata: Mark(stack: StackName("other"), address: Address("vectorStores", "handbook")).tags,
                embeddingModel: "scripted/embed"))
        #expect(try await stack.plan(Self.spec).changes.map(\.action) == [.create])
        #expect(try await stack.plan(Self.spec, Permissions(takeOver: true)).changes.map(\.action) == [.adopt])
        try await stack.apply(Self.spec)
        #expect(stack.ogx.stores.count == 2)
        #expect(try await stack.plan(Self.spec).lines == [])
        #expect(stack.ogx.stores.first { $0.id == theirs.id }?.metadata["drover.stack"] == "other")
    }
}
