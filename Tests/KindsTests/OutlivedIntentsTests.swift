import Engine
import Fakes
import Kinds
import Language
import Testing

/// What a run that was cut off noted before its requests is over with the next whole apply, whatever that makes of it.
@Suite("Open intents of what the spec says in another way by now")
struct OutlivedIntentsTests {
    private static func spec(_ name: String, _ more: String = "") -> String {
        """
        experiments: {e: {}}
        vectorStores: {\(name): {embeddingModel: scripted/embed, name: live, documents: ["docs/*.md"]\(more)}}
        """
    }

    private static func begin() throws -> TestStack {
        let stack = try TestStack()
        for number in 1...4 { try stack.write("docs/\(number).md", "Document \(number).") }
        return stack
    }

    private static func intents(_ stack: TestStack) async throws -> [String] {
        try await stack.open("experiments: {e: {}}").store.load().intents.keys.sorted()
    }

    @Test("They are closed when it left the spec, and what they announced is removed", arguments: 1...48)
    func dropped(number: Int) async throws {
        for isDeleted in [false, true] {
            let stack = try Self.begin()
            try await stack.apply(Self.spec("s"), cutting: .after(number))
            let record = try await stack.open(Self.spec("s")).store.load()
            // Between its end and the record's only the store itself tells what was uploaded.
            if isDeleted, record.intents.isEmpty, record.entries["vectorStores.s"] == nil { continue }
            if isDeleted { for store in stack.ogx.stores { stack.ogx.remove(store: store.id) } }
            try await stack.apply("experiments: {e: {}}")
            #expect(stack.ogx.stores.isEmpty && stack.ogx.files.isEmpty, "isDeleted: \(isDeleted)")
            #expect(try await Self.intents(stack) == [], "isDeleted: \(isDeleted)")
        }
    }

    @Test("They are taken up where it has another name, so that nothing is uploaded twice", arguments: 1...48)
    func moved(number: Int) async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec("before"), cutting: .after(number))
        let after = Self.spec("after", ", moved: before")
        try await stack.apply(after)
        #expect(stack.ogx.stores.count == 1 && stack.ogx.files.count == 4)
        #expect(stack.ogx.stores.first?.attachments.count == 4)
        #expect(try await Self.intents(stack) == [])
        #expect(try await stack.plan(after).lines == [])
    }

    @Test("What was being attached under the former name is looked for before the store is trusted")
    func attaching() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.spec("before"))
        let store = try #require(stack.ogx.stores.first).id
        let place = Address("vectorStores", "before/attaching")
        try await stack.open(Self.spec("before")).store.open(
            ["store": .string(store), "files": ["file-lost"], "size": 0, "time": 0], for: place)
        let after = Self.spec("after", ", moved: before")
        #expect(try await stack.plan(after).lines.first == "replace vectorStores.after: files")
        try await stack.apply(after)
        #expect(stack.ogx.stores.count == 1 && stack.ogx.stores.first?.id != store && stack.ogx.files.count == 4)
        #expect(try await Self.intents(stack) == [])
        #expect(try await stack.plan(after).lines == [])
    }

    @Test("Those of what is neither declared nor there are known also where nothing is to be done")
    func alone() async throws {
        let stack = try Self.begin()
        let rest = "experiments: {e: {}}"
        try await stack.apply(rest)
        let address = Address("vectorStores", "s")
        try await stack.open(rest).store.open(["before": [], "documents": []], for: address)
        let run = try await stack.open(rest)
        let (survey, record) = try await Survey.take(of: run.workflow, with: run.drivers, loading: run.store)
        let executor = Executor(
            run.workflow, drivers: run.drivers, survey: survey, record: record, store: run.store,
            permissions: Permissions(), onEvent: { _ in })
        #expect(executor.outlived == [address])
        try await executor.closeOutlived(in: record)
        #expect(try await Self.intents(stack) == [])
    }
}
