import Engine
import Fakes
import Kinds
import Language
import Testing

/// The first interruption lets finish what is in flight, and begins nothing more: also between two of many documents.
@Suite("Removals of many documents that are interrupted")
struct InterruptedRemovalTests {
    private static let spec = #"vectorStores: {handbook: {embeddingModel: scripted/embed, documents: ["docs/*.md"]}}"#
    private static let empty = Permissions(allowEmpty: true)

    private static func begin() async throws -> TestStack {
        let stack = try TestStack()
        for number in 1...12 { try stack.write("docs/\(number).md", "Document \(number).") }
        try await stack.apply(spec)
        #expect(stack.ogx.files.count == 12)
        return stack
    }

    @Test("Documents that left a store go one by one until then, and the next apply goes on")
    func documents() async throws {
        let stack = try await Self.begin()
        for number in 1...10 { try stack.remove("docs/\(number).md") }
        try stack.write("docs/13.md", "Document 13.")
        let applied = try await stack.open(Self.spec).apply(mayStart: { stack.ogx.files.count > 8 })
        #expect(applied.wasInterrupted && stack.ogx.files.count == 8)
        try await stack.apply(Self.spec)
        #expect(stack.ogx.files.count == 3 && stack.ogx.stores.first?.attachments.count == 3)
        #expect(try await stack.plan(Self.spec).lines == [])
    }

    @Test("So do those of a store that goes")
    func store() async throws {
        let stack = try await Self.begin()
        let applied = try await stack.open("").apply(Self.empty, mayStart: { stack.ogx.files.count > 8 })
        #expect(applied.wasInterrupted && stack.ogx.files.count == 8 && stack.ogx.stores.count == 1)
        try await stack.apply("", Self.empty)
        #expect(stack.ogx.files.isEmpty && stack.ogx.stores.isEmpty)
    }
}
