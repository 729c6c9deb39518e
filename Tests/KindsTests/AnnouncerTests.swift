import Fakes
import Foundation
import Language
import Synchronization
import Testing
import Wire

@testable import Kinds

@Suite("Announcements of attachments", .timeLimit(.minutes(20)))
struct AnnouncerTests {
    private static func group(_ ids: String...) throws -> [Uploaded] {
        let place = SourcePosition(line: 1, column: 1)
        let range = SourceRange(source: SourceID(index: 0), start: place, end: place)
        return try ids.map { id in
            let document = Document(path: id, sha256: "", attributes: [:], content: .text(""), range: range)
            return Uploaded(
                coming: Coming(document: document, mark: ""), file: try Value.object(["id": .string(id)]).decoded())
        }
    }

    /// A record whose first write ends when it is let.
    private final class SlowRecord: Sendable {
        private let writes = Mutex<[[String]]>([])
        private let (held, holder) = AsyncStream.makeStream(of: Void.self)

        var written: [[String]] { writes.withLock { $0 } }

        func write(_ uploaded: [Uploaded]) async {
            let count = writes.withLock { writes in
                writes.append(uploaded.map(\.file.id))
                return writes.count
            }
            if count == 1 { for await _ in held { break } }
        }

        func letGo() { holder.finish() }
    }

    @Test("Groups that come while the record is being written are named together by the next write")
    func together() async throws {
        let record = SlowRecord()
        let announcer = Announcer { await record.write($0) }
        let groups = [try Self.group("a", "b"), try Self.group("c"), try Self.group("d"), try Self.group("e")]
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await announcer.announce(groups[0], as: 0) }
            while record.written.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
            for number in 1...3 { tasks.addTask { try await announcer.announce(groups[number], as: number) } }
            while await announcer.waiting.count < 3 { try await Task.sleep(for: .milliseconds(1)) }
            record.letGo()
            try await tasks.waitForAll()
        }
        #expect(record.written == [["a", "b"], ["a", "b", "c", "d", "e"]])
    }

    @Test("What has ended is named no more, and what is uncertain still is")
    func ended() async throws {
        let record = SlowRecord()
        record.letGo()
        let announcer = Announcer { await record.write($0) }
        for (number, id) in ["a", "b", "c"].enumerated() {
            try await announcer.announce(try Self.group(id), as: number)
            await announcer.end(
                number, id == "b" ? [.skipped] : [.failed(Diagnostic("bad", "Bad", detail: "It is bad."))])
        }
        #expect(record.written == [["a"], ["b"], ["b", "c"]])
    }

    @Test("A group that could not be announced is not taken for announced")
    func failing() async throws {
        struct Full: Error {}
        let announcer = Announcer { _ in throw Full() }
        for _ in 1...2 {
            await #expect(throws: Full.self) { try await announcer.announce(try Self.group("a"), as: 0) }
        }
    }

    @Test("Whenever an attachment is sent, the record names it")
    func before() async throws {
        let stack = try TestStack()
        for number in 1...40 { try stack.write("docs/\(number).md", "Document \(number).") }
        let unnamed = Mutex<[String]>([])
        stack.ogx.intercept { request in
            guard request.method == .post, request.url.contains("/vector_stores/"), request.url.hasSuffix("/files"),
                let file = (try? request.body?.collected()).flatMap({ try? Value(json: $0) })?["file_id"]?.string
            else { return nil }
            let tags = stack.mlflow.store.experiments.flatMap(\.tags)
            let isNamed = tags.contains { $0.key.hasSuffix("/attaching") && $0.value.contains(file) }
            if !isNamed { unnamed.withLock { $0.append(file) } }
            return nil
        }
        try await stack.apply(
            "vectorStores: {handbook: {embeddingModel: scripted/embed, documents: [\"docs/*.md\"]}}")
        #expect(unnamed.withLock { $0 } == [])
        #expect(stack.ogx.stores.flatMap(\.attachments).count == 40)
    }
}
