import Engine
import Fakes
import Kinds
import Language
import Testing
import Wire

/// What an apply, or a destroy, of a chosen part makes of what a run that was cut off noted: only what belongs to the part ends.
@Suite("Open intents where a part is chosen")
struct IntentsOfAPartTests {
    private static let rest = "experiments: {e: {}}"

    private static func store(_ name: String) -> String {
        "\(name): {embeddingModel: scripted/embed, documents: [\"\(name)/*.md\"]}"
    }

    private static let both = "\(rest)\nvectorStores: {\(store("one")), \(store("two"))}"
    private static let first = "\(rest)\nvectorStores: {\(store("one"))}"

    private static func begin() throws -> TestStack {
        let stack = try TestStack()
        for name in ["one", "two"] {
            for number in 1...2 { try stack.write("\(name)/\(number).md", "Document \(number) of \(name).") }
        }
        return stack
    }

    private static func only(_ name: String) -> Selection {
        Selection(targets: [AddressPattern("vectorStores.\(name)")])
    }

    private static func intents(_ stack: TestStack) async throws -> [String: Value] {
        try await stack.open(rest).store.load().intents
    }

    private static func files(_ stack: TestStack) -> [String] {
        stack.ogx.files.map(\.filename).sorted()
    }

    @Test("A target's end, and those of the others stay until these are brought", arguments: 1...40)
    func declared(number: Int) async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.both, cutting: .after(number))
        let others = try await Self.intents(stack).filter { $0.key.hasPrefix("vectorStores.two") }
        let applied = try await stack.open(Self.both).apply(Permissions(), Self.only("one"))
        #expect(applied.failures == [])
        #expect(try await Self.intents(stack) == others)
        #expect(stack.ogx.stores.filter { $0.name == "one" }.map(\.attachments.count) == [2])
        try await stack.apply(Self.both)
        #expect(try await Self.intents(stack) == [:])
        #expect(stack.ogx.stores.map(\.name).sorted() == ["one", "two"])
        #expect(stack.ogx.stores.allSatisfy { $0.attachments.count == 2 } && Self.files(stack).count == 4)
        #expect(try await stack.plan(Self.both).lines == [])
    }

    @Test("The cuts leave intents of both, of one, and of none")
    func reach() async throws {
        var kinds: Set<Set<String>> = []
        for number in 1...40 {
            let stack = try Self.begin()
            try await stack.apply(Self.both, cutting: .after(number))
            kinds.insert(Set(try await Self.intents(stack).keys.map { String($0.prefix { $0 != "/" }) }))
        }
        #expect(kinds.contains(["vectorStores.one", "vectorStores.two"]) && kinds.contains([]))
    }

    @Test("Those of what left the spec and is not there end with an apply of everything, and not before")
    func gone() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.first)
        let announced: Value = ["before": [], "documents": []]
        try await stack.open(Self.first).store.open(announced, for: Address("vectorStores", "two"))
        let applied = try await stack.open(Self.first.replacing("embed,", with: "embed, metadata: {a: x},"))
            .apply(Permissions(), Self.only("one"))
        #expect(applied.failures == [])
        #expect(try await Self.intents(stack) == ["vectorStores.two": announced])
        try await stack.apply(Self.first)
        #expect(try await Self.intents(stack) == [:])
    }

    @Test("Those of what left the spec and is there end with it", arguments: ["one", "two"])
    func left(target: String) async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.both)
        let announced: Value = ["before": [], "documents": []]
        try await stack.open(Self.both).store.open(announced, for: Address("vectorStores", "two"))
        let applied = try await stack.open(Self.first).apply(Permissions(), Self.only(target))
        #expect(applied.failures == [])
        let isGone = target == "two"
        #expect(stack.ogx.stores.map(\.name).sorted() == (isGone ? ["one"] : ["one", "two"]))
        #expect(try await Self.intents(stack) == (isGone ? [:] : ["vectorStores.two": announced]))
    }

    @Test("A destroy of a part ends those of what it deletes alone")
    func destroyed() async throws {
        let stack = try Self.begin()
        try await stack.apply(Self.both)
        let announced: Value = ["before": [], "documents": []]
        for name in ["one", "two"] {
            try await stack.open(Self.both).store.open(announced, for: Address("vectorStores", name))
        }
        let (workflow, folder) = try stack.declare(Self.both)
        let run = try await stack.open(workflow.withoutDeclarations, folder, Scissors(.never))
        let applied = try await run.apply(Permissions(allowEmpty: true), Self.only("one"))
        #expect(applied.failures == [])
        #expect(stack.ogx.stores.map(\.name) == ["two"])
        #expect(try await Self.intents(stack) == ["vectorStores.two": announced])
        #expect(try await stack.open(Self.rest).store.load().entries["vectorStores.two"] != nil)
    }

    @Test("What could not be brought keeps its own, and what was beside it does not")
    func failed() async throws {
        let stack = try Self.begin()
        stack.ogx.intercept { request in
            let isOfTwo = String(decoding: (try? request.body?.collected()) ?? [], as: UTF8.self).contains("of two.")
            return isOfTwo ? .json(400, #"{"detail": "no"}"#) : nil
        }
        let applied = try await stack.open(Self.both).apply()
        #expect(!applied.failures.isEmpty)
        stack.ogx.intercept(nil)
        let open = try await Self.intents(stack).keys.map { $0.prefix { $0 != "/" } }
        #expect(Set(open) == ["vectorStores.two"])
        try await stack.apply(Self.both)
        #expect(try await Self.intents(stack) == [:])
        #expect(Self.files(stack).count == 4 && stack.ogx.stores.count == 2)
    }
}

/// What the record holds of something that left the spec and stays for now.
@Suite("Entries of what stays in use")
struct KeptEntriesTests {
    private static let places = "experiments: {e: {}}\nregisteredModels: {m: {}}"

    private static func spec(_ tokens: Int?) -> String {
        let agent = "model: scripted/llm, instructions: One, log: {experiment: e, registeredModel: m}"
        guard let tokens else { return "\(places)\nagents: {a: {\(agent)}}" }
        return """
            \(places)
            vectorStores:
              s: {embeddingModel: scripted/embed, chunking: {maxTokens: \(tokens), overlap: 50}, documents: [a.md]}
            tools: {t: {fileSearch: {vectorStores: [s]}}}
            agents: {a: {\(agent), tools: [t]}}
            """
    }

    /// A store that version 2 searches, to which an alias points, and the one that was replaced, which nothing uses any more.
    private static func begin() async throws -> TestStack {
        let stack = try TestStack()
        try stack.write("a.md", "Llamas eat hay.")
        let server = stack.mlflow.server()
        try await stack.apply(spec(400))
        try await server.setAlias("production", of: "m", toVersion: "1")
        try await stack.apply(spec(500))
        #expect(stack.ogx.stores.count == 2)
        try await server.setAlias("production", of: "m", toVersion: "2")
        return stack
    }

    @Test("They stay when a leftover beside it goes, and go with it")
    func leftover() async throws {
        let stack = try await Self.begin()
        let used = try #require(stack.ogx.stores.last).id
        let before = try await stack.open(Self.spec(nil)).store.load().entries["vectorStores.s"]
        try await stack.apply(Self.spec(nil))
        #expect(stack.ogx.stores.map(\.id) == [used])
        let entry = try #require(try await stack.open(Self.spec(nil)).store.load().entries["vectorStores.s"])
        #expect(entry.fields["uploads"] != nil && entry.fields == before?.fields)
        try await stack.mlflow.server().deleteAlias("production", of: "m")
        try await stack.apply(Self.spec(nil))
        #expect(stack.ogx.stores.isEmpty && stack.ogx.files.isEmpty)
        #expect(try await stack.open(Self.spec(nil)).store.load().entries["vectorStores.s"] == nil)
    }

    @Test("An intent of it stays as long, too")
    func intent() async throws {
        let stack = try await Self.begin()
        let announced: Value = ["before": [], "documents": []]
        let address = Address("vectorStores", "s")
        try await stack.open(Self.spec(nil)).store.open(announced, for: address)
        try await stack.apply(Self.spec(nil))
        #expect(try await stack.open(Self.spec(nil)).store.load().intents == [address.description: announced])
        try await stack.mlflow.server().deleteAlias("production", of: "m")
        try await stack.apply(Self.spec(nil))
        #expect(try await stack.open(Self.spec(nil)).store.load().intents == [:])
    }
}
