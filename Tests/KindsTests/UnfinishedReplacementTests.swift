import Engine
import Fakes
import Kinds
import Language
import Synchronization
import Testing
import Wire

/// A replacement of a store that fails or is cut off is gone on with, and never leaves more than one store beside the old one.
@Suite("Replacements of stores that were not finished")
struct UnfinishedReplacementTests {
    private static let spec = #"vectorStores: {handbook: {embeddingModel: scripted/embed, documents: ["docs/*.md"]}}"#
    private static let other = spec.replacing("documents", with: "chunking: {maxTokens: 200, overlap: 50}, documents")

    private static func begin() async throws -> (stack: TestStack, old: String) {
        let stack = try TestStack()
        for number in 1...6 { try stack.write("docs/\(number).md", "Document \(number).") }
        try await stack.apply(spec)
        return (stack, try #require(stack.ogx.stores.first).id)
    }

    /// Applies while the server refuses the first document that is attached.
    private static func fail(_ stack: TestStack) async throws {
        let isOver = Mutex(false)
        stack.ogx.intercept { request in
            guard request.method == .post, request.url.contains("/vector_stores/"), request.url.hasSuffix("/files"),
                isOver.withLock({ isOver in
                    defer { isOver = true }
                    return !isOver
                })
            else { return nil }
            return .response(HTTPResponse(status: 400))
        }
        let applied = try await stack.open(other).apply()
        #expect(applied.failures.count == 1, "\(applied.failures)")
        stack.ogx.intercept(nil)
    }

    private static func expectReplaced(_ stack: TestStack, _ old: String, _ note: String = "") async throws {
        #expect(stack.ogx.stores.count == 1 && stack.ogx.stores.first?.id != old, "\(note)")
        #expect(stack.ogx.stores.first?.attachments.count == 6 && stack.ogx.files.count == 6, "\(note)")
        #expect(stack.ogx.stores.first?.metadata["drover.phase"] == "ready", "\(note)")
        #expect(stack.ogx.stores.first?.metadata["drover.digest"] == nil, "\(note)")
        let rest = try await stack.plan(other)
        #expect(rest.lines == [], "\(note)")
    }

    @Test("Each next one goes on with what there is, and the plan says so")
    func failing() async throws {
        let (stack, old) = try await Self.begin()
        var begun: Set<String> = []
        for _ in 1...3 {
            try await Self.fail(stack)
            #expect(stack.ogx.stores.count == 2)
            begun.formUnion(stack.ogx.stores.map(\.id).filter { $0 != old })
        }
        #expect(begun.count == 1)
        let plan = try await stack.plan(Self.other)
        #expect(plan.lines == ["replace vectorStores.handbook: chunking"])
        #expect(plan.changes.first?.note?.contains("goes on with vector store \(begun.first ?? "")") == true)
        try await stack.apply(Self.other)
        #expect(stack.ogx.stores.map(\.id) == Array(begun))
        try await Self.expectReplaced(stack, old)
    }

    @Test("What is not wanted any more is deleted before another is begun, or with the next apply")
    func changed() async throws {
        let (stack, old) = try await Self.begin()
        for round in 1...3 {
            for number in 1...6 { try stack.write("docs/\(number).md", "Document \(number) of round \(round).") }
            try await Self.fail(stack)
            #expect(stack.ogx.stores.count == 2)
        }
        for number in 1...6 { try stack.write("docs/\(number).md", "Document \(number).") }
        #expect(try await stack.plan(Self.spec).lines.contains("delete vectorStores.handbook"))
        try await stack.apply(Self.spec)
        #expect(stack.ogx.stores.map(\.id) == [old] && stack.ogx.files.count == 6)
    }

    @Test("One that was cut off anywhere is finished by the next one", arguments: 1...64)
    func cutOff(number: Int) async throws {
        for cut in [Scissors.Cut.after(number), .answer(number)].prefix(number % 2 == 0 ? 2 : 1) {
            let (stack, old) = try await Self.begin()
            try await stack.apply(Self.other, cutting: cut)
            #expect(stack.ogx.stores.count <= 3, "\(cut)")
            try await stack.apply(Self.other)
            try await Self.expectReplaced(stack, old, "\(cut)")
        }
    }
}
