import Engine
import Fakes
import Foundation
import Kinds
import Language
import Synchronization
import Testing
import Wire

@Suite("Documents that come together")
struct UnsettledStoreTests {
    private static let spec = "vectorStores: {handbook: {embeddingModel: scripted/embed, documents: [\"docs/*.md\"]}}"

    /// What a store said of itself when a document was attached.
    private struct Moment: Equatable {
        var phase: String?
        var hasLast: Bool
        /// How many documents were there already.
        var count: Int
    }

    private static func begin(_ version: FakeStackVersion = .ogx150, documents: ClosedRange<Int> = 1...5) throws
        -> TestStack
    {
        let stack = try TestStack(ogx: FakeOGX(version))
        for number in documents { try write(number, in: stack) }
        return stack
    }

    private static func write(_ number: Int, in stack: TestStack) throws {
        try stack.write("docs/\(number).md", "Document \(number).")
    }

    private static func isAttachment(_ request: HTTPRequest) -> Bool {
        request.method == .post && request.url.contains("/vector_stores/") && request.url.hasSuffix("/files")
    }

    /// Applies, and tells what the store said at each attachment.
    private static func moments(_ stack: TestStack, _ body: () async throws -> Void) async throws -> [Moment] {
        let seen = Mutex<[Moment]>([])
        stack.ogx.intercept { request in
            guard isAttachment(request), let store = stack.ogx.stores.last else { return nil }
            seen.withLock {
                $0.append(
                    Moment(
                        phase: store.metadata["drover.phase"]?.string, hasLast: store.metadata["drover.last"] != nil,
                        count: store.attachments.count))
            }
            return nil
        }
        try await body()
        stack.ogx.intercept(nil)
        return seen.withLock { $0 }
    }

    private static func texts(_ stack: TestStack) -> [String] {
        stack.ogx.stores.flatMap(\.attachments).map(\.text).sorted()
    }

    /// That all is there, found, and settled.
    private static func expectSettled(_ stack: TestStack, _ documents: ClosedRange<Int>, _ when: Comment) async throws {
        #expect(texts(stack) == documents.map { "Document \($0)." }.sorted(), when)
        #expect(stack.ogx.files.count == documents.count, when)
        let metadata = stack.ogx.stores.first?.metadata
        #expect(metadata?["drover.phase"] == nil || metadata?["drover.phase"] == "ready", when)
        #expect(metadata?["drover.last"] == nil, when)
        let rest = try await stack.plan(spec)
        #expect(rest.lines == [], when)
    }

    @Test("Once the user interrupts, what is under way comes, nothing more, and the next apply goes on")
    func interrupted() async throws {
        for version in [FakeStackVersion.ogx150, .llamaStack0224] {
            let stack = try Self.begin(version, documents: 1...40)
            let dimension = version == .llamaStack0224 ? ", embeddingDimension: 384" : ""
            let spec = Self.spec.replacing("scripted/embed", with: version.models.embedding + dimension)
            let isInterrupted = Mutex(false)
            stack.ogx.intercept { request in
                if Self.isAttachment(request) { isInterrupted.withLock { $0 = true } }
                return nil
            }
            let applied = try await stack.open(spec).apply { !isInterrupted.withLock { $0 } }
            stack.ogx.intercept(nil)
            #expect(applied.wasInterrupted && applied.failures.isEmpty)
            let count = Self.texts(stack).count
            #expect((1...16).contains(count), "\(version): \(count)")
            try await stack.apply(spec)
            #expect(Self.texts(stack).count == 40)
            #expect(stack.ogx.files.count == 40 && stack.ogx.stores.count == 1)
            let rest = try await stack.plan(spec)
            #expect(rest.lines == [])
        }
    }

    @Test("All but one come together into a store that says so; the last one comes alone, and each is looked for")
    func together() async throws {
        let stack = try Self.begin()
        let first = try await Self.moments(stack) { try await stack.apply(Self.spec) }
        #expect(first.count == 5)
        #expect(first.dropLast().allSatisfy { $0.phase == "unsettled" && !$0.hasLast }, "\(first)")
        #expect(first.last == Moment(phase: "unsettled", hasLast: true, count: 4))
        #expect(stack.ogx.requests.contains { $0.hasSuffix("/search") })
        try await Self.expectSettled(stack, 1...5, "after the first apply")

        for number in 6...8 { try Self.write(number, in: stack) }
        let more = try await Self.moments(stack) { try await stack.apply(Self.spec) }
        #expect(more.dropLast().allSatisfy { $0.phase == "unsettled" && !$0.hasLast }, "\(more)")
        #expect(more.last == Moment(phase: "unsettled", hasLast: true, count: 7))
        try await Self.expectSettled(stack, 1...8, "after more came")
    }

    @Test("A lone document is kept by itself: nothing is marked")
    func lone() async throws {
        let stack = try Self.begin(documents: 1...1)
        let moments = try await Self.moments(stack) { try await stack.apply(Self.spec) }
        #expect(moments == [Moment(phase: nil, hasLast: false, count: 0)])
        #expect(!stack.ogx.requests.contains { $0.hasSuffix("/search") })
    }

    @Test("Servers that were not tried with it get one document after the other")
    func older() async throws {
        let stack = try Self.begin(.llamaStack073)
        let spec = Self.spec.replacing("scripted/embed", with: FakeStackVersion.llamaStack073.models.embedding)
        let moments = try await Self.moments(stack) { try await stack.apply(spec) }
        #expect(moments == (0..<5).map { Moment(phase: nil, hasLast: false, count: $0) })
    }

    @Test("A document that does not come leaves the last one to the next apply, which makes the store anew")
    func lostAnswer() async throws {
        let stack = try Self.begin()
        let number = Mutex(0)
        stack.ogx.intercept { request in
            guard Self.isAttachment(request) else { return nil }
            let isSecond = number.withLock { number in
                number += 1
                return number == 2
            }
            return isSecond ? .failure(TransportFailure(.broken, "the connection was closed")) : nil
        }
        let failed = try await stack.open(Self.spec).apply()
        #expect(failed.failures.count == 1)
        #expect(number.withLock { $0 } == 4, "The last one is not attached.")
        stack.ogx.intercept(nil)
        let plan = try await stack.plan(Self.spec)
        #expect(plan.lines == ["replace vectorStores.handbook: files"])
        #expect(plan.changes.first?.fields.first?.note?.contains("1 attachment(s) that did not end") == true)
        try await stack.apply(Self.spec)
        try await Self.expectSettled(stack, 1...5, "after one more apply")
    }

    @Test(
        "When the server is gone, nothing more is sent to it, and that is told once for each document that was under way"
    )
    func gone() async throws {
        let stack = try Self.begin(documents: 1...60)
        let isGone = Mutex(false)
        stack.ogx.intercept { request in
            let isFirst = isGone.withLock { gone in
                defer { gone = gone || Self.isAttachment(request) }
                return !gone
            }
            return isFirst ? nil : .failure(TransportFailure(.unreachable, "connection refused"))
        }
        let failed = try await stack.open(Self.spec).apply()
        let told = failed.failures.flatMap { [$0.detail] + $0.notes.map(\.text) }.filter {
            $0.contains("cannot be reached")
        }
        #expect((1...16).contains(told.count), "\(told.count)")
        stack.ogx.intercept(nil)
        try await stack.apply(Self.spec)
        try await Self.expectSettled(stack, 1...60, "after one more apply")
    }

    /// The number of the last request of an apply that changes the store itself: the one that marks it as ready.
    private static func readyRequest() async throws -> Int {
        let requests = try await begin().apply(spec, cutting: .never)
        let index = requests.lastIndex { $0.wholeMatch(of: /POST .*\/vector_stores\/vs_[0-9a-f-]{36}/) != nil }
        return try #require(index) + 1
    }

    @Test("What a restart of the server lost is told, also when all is listed, and the store is made anew")
    func lostByRestart() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec, cutting: .before(try await Self.readyRequest()))
        let store = try #require(stack.ogx.stores.first)
        #expect(store.attachments.count == 5 && store.metadata["drover.phase"] == "unsettled")
        // They come in any order.
        for attachment in store.attachments where ["Document 1.", "Document 2."].contains(attachment.text) {
            stack.ogx.losePassages(ofFile: attachment.file, inStore: store.id)
        }
        let plan = try await stack.plan(Self.spec)
        #expect(plan.lines == ["replace vectorStores.handbook: files"])
        let note = plan.changes.first?.fields.first?.note
        #expect(note == "no search finds docs/1.md, docs/2.md: the store is made anew")
        try await stack.apply(Self.spec)
        #expect(stack.ogx.stores.first?.id != store.id)
        try await Self.expectSettled(stack, 1...5, "after one more apply")
    }

    @Test("A store that is listed before it has its mark, while it is being created, is not taken for somebody else's")
    func beingCreated() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec)
        let store = try #require(stack.ogx.stores.first)
        let listings = Mutex(0)
        stack.ogx.intercept { request in
            guard request.method == .get, request.url.split(separator: "?").first?.hasSuffix("/vector_stores") == true,
                listings.withLock({ count in
                    count += 1
                    return count <= 2
                })
            else { return nil }
            let early: Value = [
                "id": .string(store.id), "object": "vector_store", "name": "handbook", "status": "completed",
                "created_at": .integer(Int(Date.now.timeIntervalSince1970)), "metadata": ["provider_id": "faiss"],
                "file_counts": ["total": 0, "completed": 0, "failed": 0, "in_progress": 0, "cancelled": 0],
            ]
            let page: Value = ["object": "list", "data": [early], "has_more": false]
            return .response(
                HTTPResponse(
                    status: 200, headers: [("content-type", "application/json")], body: Array(page.canonicalJSON.utf8)))
        }
        #expect(try await stack.plan(Self.spec).lines == [])
        #expect(listings.withLock { $0 } == 3)
    }

    @Test("Documents that are not found after they were taken in are told, and come again with the next apply")
    func lostWhileApplying() async throws {
        let stack = try Self.begin()
        let isFirst = Mutex(true)
        stack.ogx.intercept { request in
            guard request.url.hasSuffix("/search"),
                isFirst.withLock({ first in
                    defer { first = false }
                    return first
                }), let store = stack.ogx.stores.first
            else { return nil }
            stack.ogx.losePassages(ofFile: store.attachments[0].file, inStore: store.id)
            return nil
        }
        let failed = try await stack.open(Self.spec).apply()
        #expect(failed.failures.map(\.code.name) == ["lost-documents"])
        #expect(failed.failures.map(\.cause) == [.incomplete])
        try await stack.apply(Self.spec)
        try await Self.expectSettled(stack, 1...5, "after one more apply")
    }

    @Test("Between two documents that say the same another one is attached, and one that nobody repeats comes last")
    func equalDocuments() async throws {
        let stack = try Self.begin(documents: 1...3)
        for name in ["a", "b", "x"] { try stack.write("docs/\(name).md", "The same.") }
        try await stack.apply(Self.spec)
        let files = Dictionary(stack.ogx.files.map { ($0.id, String(decoding: $0.bytes, as: UTF8.self)) }) { first, _ in
            first
        }
        let texts = try #require(stack.ogx.stores.first).attachments.map { files[$0.file] ?? "" }
        #expect(texts.count == 6)
        #expect(texts.first == "The same.")
        #expect(texts.last?.hasPrefix("Document") == true)
        #expect(zip(texts, texts.dropFirst()).allSatisfy { $0 != $1 }, "\(texts)")
        #expect(try await stack.plan(Self.spec).lines == [])
    }

    @Test("One document that cannot be ingested leaves a settled store with the others")
    func oneIsBad() async throws {
        let stack = try Self.begin()
        try stack.write("docs/3.md", "")
        let failed = try await stack.open(Self.spec).apply()
        #expect(failed.failures.map(\.code.name) == ["not-ingested"])
        #expect(stack.ogx.stores.first?.metadata["drover.phase"] == "ready")
        try Self.write(3, in: stack)
        try await stack.apply(Self.spec)
        try await Self.expectSettled(stack, 1...5, "when it is good")
    }

    @Test("A store that nothing can settle any more is made anew")
    func beyondSettling() async throws {
        let stack = try Self.begin()
        try stack.write("docs/5.md", "")
        let failed = try await stack.open(Self.spec).apply()
        #expect(failed.failures.map(\.code.name) == ["not-ingested"])
        let old = try #require(stack.ogx.stores.first?.id)
        try stack.remove("docs/5.md")
        let plan = try await stack.plan(Self.spec)
        #expect(plan.lines == ["replace vectorStores.handbook: phase"])
        try await stack.apply(Self.spec)
        #expect(stack.ogx.stores.count == 1 && stack.ogx.stores.first?.id != old)
        try await Self.expectSettled(stack, 1...4, "after it was made anew")
    }

    @Test("Two documents with one content are both taken for found where the server has their passage once")
    func twins() async throws {
        let stack = try Self.begin(documents: 1...2)
        try stack.write("docs/3.md", "Document 1.")
        try await stack.apply(Self.spec)
        #expect(try await stack.plan(Self.spec).lines == [])
        #expect(stack.ogx.stores.first?.metadata["drover.phase"] == "ready")
    }

    @Test("An apply that was cut off anywhere is finished by the next one", arguments: 1...48)
    func cut(number: Int) async throws {
        for cut in [Scissors.Cut.after(number), .answer(number)] {
            let stack = try Self.begin()
            try await stack.apply(Self.spec, cutting: cut)
            try await stack.apply(Self.spec)
            try await Self.expectSettled(stack, 1...5, "\(cut)")
        }
    }

    @Test("The cuts reach every request")
    func reach() async throws {
        let requests = try await Self.begin().apply(Self.spec, cutting: .never)
        #expect(requests.count <= 48)
    }

    @Test("What an interrupted apply did not bring is nobody else's doing", arguments: [true, false])
    func notBrought(isFirst: Bool) async throws {
        let stack = try Self.begin(documents: 1...(isFirst ? 40 : 2))
        if !isFirst {
            try await stack.apply(Self.spec)
            for number in 3...40 { try Self.write(number, in: stack) }
        }
        let applied = try await stack.open(Self.spec).apply(mayStart: {
            stack.ogx.stores.first.map { $0.attachments.count < 12 } ?? true
        })
        #expect(applied.wasInterrupted)
        let plan = try await stack.plan(Self.spec)
        let missing = plan.changes.flatMap(\.fields).filter { $0.path.hasPrefix("documents.") }
        #expect(!missing.isEmpty)
        #expect(missing.allSatisfy { $0.note == "new" && $0.cause != .drift }, "\(missing)")
        #expect(plan.drift.lines == [])
        try await stack.apply(Self.spec)
        try await Self.expectSettled(stack, 1...40, "isFirst: \(isFirst)")
        let gone = try #require(stack.ogx.stores.first?.attachments.first)
        stack.ogx.remove(file: gone.file)
        #expect(try await stack.plan(Self.spec).drift.lines.count == 1, "Now it was somebody else.")
    }
}
