import Engine
import Fakes
import Foundation
import Kinds
import Language
import Synchronization
import Testing
import Wire

/// Attachments whose answers are lost, or that a run asked for which was cut off.
@Suite("Lost answers to attachments")
struct AttachingTests {
    private static let spec = "vectorStores: {handbook: {embeddingModel: scripted/embed, documents: [\"docs/*.md\"]}}"

    private static func begin(
        _ count: Int = 1, _ version: FakeStackVersion = .ogx150, patience: Duration = .zero
    ) throws -> TestStack {
        let stack = try TestStack(ogx: FakeOGX(version), patience: patience)
        for number in 1...count { try stack.write("docs/\(number).md", "Document \(number).") }
        return stack
    }

    private static func spec(for stack: TestStack) -> String {
        let version = stack.ogx.version
        let dimension = version == .llamaStack0224 ? ", embeddingDimension: 384" : ""
        return spec.replacing("scripted/embed", with: version.models.embedding + dimension)
    }

    private static func isAttachment(_ request: HTTPRequest) -> Bool {
        request.method == .post && request.url.contains("/vector_stores/") && request.url.hasSuffix("/files")
    }

    /// Answers one of the attachments by other means, and tells how often each file was asked for in each store.
    private static func intercept(
        _ stack: TestStack, attachment number: Int, noting: @escaping @Sendable (HTTPRequest) -> Void = { _ in },
        _ answer: @escaping @Sendable (HTTPRequest) -> ScriptedTransport.Step
    ) -> @Sendable () -> [String] {
        let asked = Mutex<[String]>([])
        stack.ogx.intercept { request in
            noting(request)
            guard isAttachment(request) else { return nil }
            let file = (try? request.body?.collected()).flatMap { try? Value(json: $0) }?["file_id"]?.string
            let count = asked.withLock { asked in
                asked.append("\(request.url) \(file ?? "")")
                return asked.count
            }
            return count == number ? answer(request) : nil
        }
        return { asked.withLock { $0 } }
    }

    /// A request that the server takes in only after it was asked some times what a store holds.
    private final class LateRequest: Sendable {
        private let state: Mutex<(request: HTTPRequest?, looks: Int)>

        /// - Parameter looks: How many of these it misses.
        init(missing looks: Int) {
            state = Mutex((nil, looks))
        }

        func hold(_ request: HTTPRequest) {
            state.withLock { $0.request = request }
        }

        /// Sees what the server is asked.
        func note(_ request: HTTPRequest, _ stack: TestStack) {
            guard request.method == .get, request.url.contains("/vector_stores/") else { return }
            let due = state.withLock { state -> HTTPRequest? in
                guard state.request != nil else { return nil }
                state.looks -= 1
                return state.looks < 0 ? state.request.take() : nil
            }
            if let due { stack.ogx.takeIn(due) }
        }
    }

    private static func expectWhole(_ stack: TestStack, _ count: Int, _ when: Comment) async throws {
        let texts = stack.ogx.stores.flatMap(\.attachments).map(\.text).sorted()
        #expect(texts == (1...count).map { "Document \($0)." }.sorted(), when)
        #expect(stack.ogx.files.count == count, when)
        #expect(stack.ogx.stores.count == 1, when)
        let rest = try await stack.plan(spec(for: stack))
        #expect(rest.lines == [], when)
    }

    private static let gatewayTimeout = ScriptedTransport.Step.response(HTTPResponse(status: 504))
    private static let busyGateway = ScriptedTransport.Step.response(
        HTTPResponse(status: 503, headers: [("retry-after", "0")]))
    private static let broken = ScriptedTransport.Step.failure(
        TransportFailure(.broken, "the connection was closed"))

    @Test(
        "What the server takes in although its answer is lost is found, and not asked for again",
        arguments: [FakeStackVersion.ogx150, .llamaStack0224, .llamaStack073], [gatewayTimeout, busyGateway, broken])
    func comes(version: FakeStackVersion, answer: ScriptedTransport.Step) async throws {
        let stack = try Self.begin(3, version, patience: .seconds(20))
        let late = LateRequest(missing: 1)
        let asked = Self.intercept(stack, attachment: 1, noting: { late.note($0, stack) }) { request in
            late.hold(request)
            return answer
        }
        try await stack.apply(Self.spec(for: stack))
        #expect(asked().count == 3)
        #expect(stack.ogx.requests.contains { $0.hasSuffix("/search") }, "It looks whether all can be found.")
        try await Self.expectWhole(stack, 3, "\(version)")
    }

    @Test(
        "What does not come is told, and the next apply makes the store anew beside the old one",
        arguments: [FakeStackVersion.ogx150, .llamaStack0224, .llamaStack073], [gatewayTimeout, busyGateway, broken])
    func doesNotCome(version: FakeStackVersion, answer: ScriptedTransport.Step) async throws {
        let stack = try Self.begin(3, version)
        let asked = Self.intercept(stack, attachment: 2) { _ in answer }
        let failed = try await stack.open(Self.spec(for: stack)).apply()
        #expect(!failed.failures.isEmpty)
        let old = try #require(stack.ogx.stores.first?.id)
        #expect(try await stack.plan(Self.spec(for: stack)).lines == ["replace vectorStores.handbook: files"])
        try await stack.apply(Self.spec(for: stack))
        #expect(stack.ogx.stores.first?.id != old)
        #expect(Set(asked()).count == asked().count, "No attachment is asked for twice.")
        try await Self.expectWhole(stack, 3, "\(version)")
    }

    @Test("What a run asked for that was cut off is waited for by the next one", arguments: [true, false])
    func cutOff(plansFirst: Bool) async throws {
        let stack = try Self.begin(1, patience: .seconds(300))  // Tests beside it may take long.
        let requests = try await Self.begin(1).apply(Self.spec, cutting: .never)
        let number = try #require(
            requests.firstIndex { $0.contains("/vector_stores/") && $0.hasSuffix("/files") && $0.hasPrefix("POST") })
        // The request is under way when the run is cut off.
        let late = LateRequest(missing: 3)
        stack.ogx.intercept { request in
            guard Self.isAttachment(request) else { return nil }
            late.hold(request)
            return Self.broken
        }
        try await stack.apply(Self.spec, cutting: .after(number + 1))
        stack.ogx.intercept { request in
            late.note(request, stack)
            return nil
        }
        let store = stack.ogx.stores.first?.id
        if plansFirst {
            let plan = try await stack.plan(Self.spec)
            #expect(plan.lines == ["update vectorStores.handbook: interrupted"])
            let told = stack.told.withLock { $0 }
            #expect(told.count == 1, "It says once what it waits for: \(told)")
            #expect(told.first?.hasPrefix("vectorStores.handbook: waiting up to ") == true)
            #expect(told.first?.contains(" s for a document that the server was asked to take in") == true)
        }
        try await stack.apply(Self.spec)
        #expect(stack.ogx.stores.map(\.id) == [try #require(store)])
        try await Self.expectWhole(stack, 1, "after the next apply")
        stack.told.withLock { $0 = [] }
        try await stack.plan(Self.spec)
        #expect(stack.told.withLock { $0 } == [], "Where nothing is waited for, nothing is said.")
    }

    @Test(
        "A server that takes no more for now is asked again in the same apply, after a look at the store's list",
        arguments: [FakeStackVersion.ogx150, .llamaStack0224, .llamaStack073], [1, 2, 3])
    func busy(version: FakeStackVersion, number: Int) async throws {
        let stack = try Self.begin(3, version)
        let asked = Self.intercept(stack, attachment: number) { _ in .response(HTTPResponse(status: 429)) }
        let applied = try await stack.open(Self.spec(for: stack), Scissors(.busy(.max))).apply()
        #expect(applied.failures == [])
        #expect(asked().count == 4 && Set(asked()).count == 3)
        let requests = stack.ogx.requests
        let attachments = requests.indices.filter {
            requests[$0].hasPrefix("POST") && requests[$0].contains("/vector_stores/")
                && requests[$0].hasSuffix("/files")
        }
        let last = try #require(attachments.last)
        let looks = requests[..<last].filter { $0.hasPrefix("GET") && $0.contains("/vector_stores/") }
        #expect(looks.contains { $0.hasSuffix("/files") }, "\(looks)")
        try await Self.expectWhole(stack, 3, "\(version), \(number)")
    }

    @Test("What is listed after a refusal is not asked for again")
    func refusedAndThere() async throws {
        let stack = try Self.begin(3)
        let asked = Self.intercept(stack, attachment: 1) { request in
            stack.ogx.takeIn(request)
            return .response(HTTPResponse(status: 429))
        }
        let applied = try await stack.open(Self.spec, Scissors(.busy(.max))).apply()
        #expect(applied.failures == [])
        #expect(asked().count == 3)
        try await Self.expectWhole(stack, 3, "listed")
    }

    @Test("A store in which a document is twice is told, and made anew")
    func twice() async throws {
        let stack = try Self.begin(3)
        try await stack.apply(Self.spec)
        let store = try #require(stack.ogx.stores.first)
        stack.ogx.attachTwice(file: store.attachments[0].file, inStore: store.id)
        stack.ogx.losePassages(ofFile: store.attachments[1].file, inStore: store.id)
        let plan = try await stack.plan(Self.spec)
        #expect(plan.lines == ["replace vectorStores.handbook: files"])
        #expect(plan.changes.first?.fields.first?.note?.contains("a document is in it twice") == true)
        try await stack.apply(Self.spec)
        try await Self.expectWhole(stack, 3, "after the next apply")
    }

    @Test("A document that another one's lost answer cost is told, and the store made anew")
    func lost() async throws {
        let stack = try Self.begin(3)
        let asked = Self.intercept(stack, attachment: 3) { request in
            stack.ogx.takeIn(request)
            let store = stack.ogx.stores[0]
            stack.ogx.losePassages(ofFile: store.attachments[0].file, inStore: store.id)
            return Self.gatewayTimeout
        }
        let failed = try await stack.open(Self.spec).apply()
        #expect(failed.failures.map(\.code.name) == ["lost-documents"])
        #expect(asked().count == 3)
        #expect(try await stack.plan(Self.spec).lines == ["replace vectorStores.handbook: files"])
        try await stack.apply(Self.spec)
        try await Self.expectWhole(stack, 3, "after the next apply")
    }

    @Test("A refused attachment leaves no doubt: the next apply asks again in the same store", arguments: [429, 400])
    func refused(status: Int) async throws {
        let stack = try Self.begin(3)
        _ = Self.intercept(stack, attachment: 2) { _ in .response(HTTPResponse(status: status)) }
        let failed = try await stack.open(Self.spec).apply()
        #expect(failed.failures.count == 1)
        let store = try #require(stack.ogx.stores.first?.id)
        stack.ogx.intercept(nil)
        try await stack.apply(Self.spec)
        #expect(stack.ogx.stores.map(\.id) == [store])
        try await Self.expectWhole(stack, 3, "after the next apply")
    }
}
