import Engine
import Fakes
import Kinds
import Language
import Synchronization
import Testing
import Wire

/// Which stores hold a file is told with few requests, and right until it is deleted.
@Suite("Files of many stores")
struct AttachedFilesTests {
    private static let empty = Permissions(allowEmpty: true)

    private static func spec(_ count: Int, _ text: String = "One") -> String {
        let stores = (1...count).map { number in
            "  s\(number): {embeddingModel: scripted/embed, documents: [{text: \(text) \(number)., name: d\(number).txt}]}"
        }
        return "vectorStores:\n" + stores.joined(separator: "\n")
    }

    /// How often the files of a store were listed.
    private static func listings(_ stack: TestStack) -> Int {
        stack.ogx.requests.count {
            $0.hasPrefix("GET ") && $0.contains("/vector_stores/") && $0.hasSuffix("/files")
        }
    }

    @Test("A destroy of twice as many stores lists files at most twice as often", arguments: [4, 8])
    func destroyed(count: Int) async throws {
        let stack = try TestStack()
        try await stack.apply(Self.spec(count))
        let before = Self.listings(stack)
        try await stack.apply("", Self.empty)
        #expect(stack.ogx.stores.isEmpty && stack.ogx.files.isEmpty)
        // For the plan, before each deletion, and once to see who else holds a file.
        #expect(Self.listings(stack) - before <= 3 * count)
    }

    @Test("An apply that changes a document of many stores does not list each of them for each")
    func changed() async throws {
        let count = 12
        let stack = try TestStack()
        try await stack.apply(Self.spec(count))
        let before = Self.listings(stack)
        try await stack.apply(Self.spec(count, "Two"))
        #expect(stack.ogx.files.count == count)
        #expect(Self.listings(stack) - before < count * count)
    }

    @Test("A file that somebody attaches elsewhere while stores are deleted stays")
    func attachedMeanwhile() async throws {
        let stack = try TestStack()
        try await stack.apply(Self.spec(3))
        let server = try await LlamaStack.connect(
            to: Endpoint(service: "OGX", base: "http://ogx.test", transport: stack.ogx))
        let theirs = try await server.vectorStores.create(.init(name: "theirs", embeddingModel: "scripted/embed"))
        let last = try #require(stack.ogx.stores.first { $0.name == "s3" }?.attachments.first?.file)
        let first = try #require(stack.ogx.stores.first { $0.name == "s1" }?.id)
        stack.ogx.intercept { request in
            guard request.method == .delete, request.url.hasSuffix("/vector_stores/\(first)") else { return nil }
            let body = #"{"file_id": "\#(last)"}"#
            stack.ogx.takeIn(
                HTTPRequest(
                    .post, "http://ogx.test/v1/vector_stores/\(theirs.id)/files", body: Array(body.utf8)))
            return nil
        }
        try await stack.apply("", Self.empty)
        stack.ogx.intercept(nil)
        #expect(stack.ogx.stores.map(\.name) == ["theirs"])
        #expect(stack.ogx.files.map(\.id) == [last])
    }

    /// A clock that stands until it is moved.
    private final class Clock: Sendable {
        private let start = ContinuousClock.now
        private let passed = Mutex(Duration.zero)

        var now: ContinuousClock.Instant { start + passed.withLock { $0 } }

        func pass(_ duration: Duration) { passed.withLock { $0 += duration } }
    }

    @Test("A file that somebody swaps for another is noticed, though the store holds as many as before")
    func swapped() async throws {
        let stack = try TestStack()
        try await stack.apply(Self.spec(2))
        let ids = stack.ogx.stores.map { ($0.id, $0.attachments.map(\.file)) }
        let (theirs, ours) = (try #require(ids.first), try #require(ids.last))
        let (old, new) = (try #require(theirs.1.first), try #require(ours.1.first))
        let server = try await LlamaStack.connect(
            to: Endpoint(service: "OGX", base: "http://ogx.test", transport: stack.ogx))
        let clock = Clock()
        let attached = AttachedFiles(server, lifetime: .seconds(10)) { clock.now }
        #expect(try await attached.all(except: ours.0) == [old])
        let before = Self.listings(stack)
        clock.pass(.seconds(9))
        #expect(try await attached.all(except: ours.0) == [old])
        #expect(Self.listings(stack) == before)

        let base = "http://ogx.test/v1/vector_stores/\(theirs.0)/files"
        stack.ogx.takeIn(HTTPRequest(.delete, "\(base)/\(old)"))
        stack.ogx.takeIn(HTTPRequest(.post, base, body: Array(#"{"file_id": "\#(new)"}"#.utf8)))
        clock.pass(.seconds(1))
        #expect(try await attached.all(except: ours.0) == [new])
    }
}
