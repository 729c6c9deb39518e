import Engine
import Fakes
import FoundationEssentials
import Kinds
import Language
import Testing
import Wire

/// The life of each kind on each generation of the server, and what is left when it is cut off.
@Suite("Kinds on every generation")
struct GenerationTests {
    /// A kind on a version: what is declared first, then, and what that change is.
    struct Life: Sendable, CustomTestStringConvertible {
        var version: FakeStackVersion
        var kind: String
        var first: String
        var second: String
        var action: Engine.Action

        var testDescription: String { "\(kind) on \(version)" }

        init(
            _ version: FakeStackVersion, _ kind: String, _ first: String, then second: String, _ action: Engine.Action
        ) {
            self.version = version
            self.kind = kind
            self.first = "\(kind): {it: \(first)}".replacing("EMBED", with: version.models.embedding)
            self.second = "\(kind): {it: \(second)}".replacing("EMBED", with: version.models.embedding)
            self.action = action
        }
    }

    static let lives = FakeStackVersion.allCases.flatMap { version in
        var lives = [
            Life(
                version, "vectorStores",
                "{embeddingModel: EMBED, metadata: {a: x, b: y}, documents: [a.md, {text: Hi, name: hi.txt}]}",
                then: "{name: other, embeddingModel: EMBED, metadata: {a: z}, documents: [{text: Ho, name: hi.txt}]}",
                .update),
            Life(
                version, "vectorStores", "{embeddingModel: EMBED, expiresAfter: 3d, documents: [a.md]}",
                then: "{embeddingModel: EMBED, documents: [a.md]}", .replace),
            Life(
                version, "vectorStores", "{embeddingModel: EMBED, update: newFirst, documents: [a.md]}",
                then: "{embeddingModel: EMBED, update: newFirst, documents: [a.md, {text: Ho, name: hi.txt}]}", .replace
            ),
        ]
        if version.registersModels {
            let model = "id: more, provider: scripted"
            lives += [
                Life(
                    version, "models", "{\(model), providerModel: scripted-a, metadata: {a: 1}}",
                    then: "{\(model), providerModel: scripted-a, metadata: {a: 2}}", .replace),
                Life(
                    version, "models", "{\(model), providerModel: scripted-a}",
                    then: "{id: other, provider: scripted, providerModel: scripted-b, dimension: 7}", .replace),
            ]
        }
        if version.hasShields {
            lives += [
                Life(
                    version, "shields", "{provider: llama-guard, params: {a: 1}}",
                    then: "{provider: llama-guard, providerShield: x}", .replace),
                Life(
                    version, "shields", "{provider: llama-guard}", then: "{id: other, provider: llama-guard}", .replace),
            ]
        }
        if !version.agentPaths.isEmpty {
            let agent = "model: \(version.models.llm), runtime: agents, instructions"
            lives += [
                Life(
                    version, "agents", "{\(agent): Be brief., log: false}", then: "{\(agent): Be kind., log: false}",
                    .update),
                Life(
                    version, "agents", "{\(agent): Be brief., log: false}",
                    then: "{model: \(version.models.llm), runtime: chat, instructions: Be brief., log: false}", .delete),
            ]
        }
        return lives
    }

    private static func begin(_ version: FakeStackVersion) throws -> TestStack {
        let stack = try TestStack(ogx: FakeOGX(version))
        try stack.write("a.md", "Llamas eat hay.")
        return stack
    }

    private static func actions(_ plan: Plan) -> [String] {
        plan.changes.filter { $0.action != .keep }.map(\.action.rawValue)
    }

    /// What is on the Llama Stack server.
    private static func server(_ stack: TestStack) -> [String] {
        Contents(stack).lines.filter { line in
            ["store ", "file ", "model ", "shield ", "tool group ", "agent "].contains { line.hasPrefix($0) }
        }
    }

    @Test("Created, no difference, changed, no difference, deleted, and nothing is left", arguments: lives)
    func life(_ life: Life) async throws {
        let stack = try Self.begin(life.version)
        let before = Self.server(stack)
        #expect(Self.actions(try await stack.plan(life.first)) == ["create"])
        try await stack.apply(life.first)
        let same = try await stack.plan(life.first)
        #expect(same.lines == [])
        #expect(Self.actions(try await stack.plan(life.second)) == [life.action.rawValue])
        try await stack.apply(life.second)
        let again = try await stack.plan(life.second)
        #expect(again.lines == [])
        try await stack.apply("", Permissions(allowEmpty: true))
        #expect(Self.server(stack) == before)
        let rest = try await stack.plan("", Permissions(allowEmpty: true))
        #expect(rest.lines == [])
    }

    /// The requests at which an apply is cut off: all of them on the first and the last generation; on the others every
    /// third from a drawn one on, and all with `DROVER_SWEEP=all`.
    private static func swept(_ count: Int, _ version: FakeStackVersion) -> [Int] {
        let isWhole = ProcessInfo.processInfo.environment["DROVER_SWEEP"] == "all"
        guard !isWhole, version != .llamaStack0224, version != .ogx150 else { return Array(1...count) }
        return Array(stride(from: Int.random(in: 1...min(3, count)), through: count, by: 3))
    }

    @Test(
        "An apply that was cut off at any request is finished by the next one, with nothing made twice",
        arguments: lives)
    func cut(_ life: Life) async throws {
        let whole = try Self.begin(life.version)
        let creating = try await whole.apply(life.first, cutting: .never).count
        let first = Contents(whole).lines
        let changing = try await whole.apply(life.second, cutting: .never).count
        let second = Contents(whole).lines
        for number in Self.swept(creating, life.version) {
            for cut in [Scissors.Cut.after(number), .answer(number)] {
                let stack = try Self.begin(life.version)
                try await stack.apply(life.first, cutting: cut)
                try await stack.apply(life.first)
                let found = Contents(stack).lines
                #expect(found.difference(from: first).isEmpty, "creating, \(cut) of \(creating)")
            }
        }
        for number in Self.swept(changing, life.version) {
            for cut in [Scissors.Cut.after(number), .answer(number)] {
                let stack = try Self.begin(life.version)
                try await stack.apply(life.first)
                try await stack.apply(life.second, cutting: cut)
                try await stack.apply(life.second)
                let found = Contents(stack).lines
                #expect(found.difference(from: second).isEmpty, "changing, \(cut) of \(changing)")
                let rest = try await stack.plan(life.second)
                #expect(rest.lines == [], "changing, \(cut) of \(changing)")
            }
        }
    }

    @Test(
        "Where models are configured, a declared one is checked by all of its names",
        arguments: FakeStackVersion.allCases)
    func checkedModels(_ version: FakeStackVersion) async throws {
        let stack = try Self.begin(version)
        let declared = "models: {chat: {id: llm, provider: scripted, providerModel: scripted-llm}}"
        let plan = try await stack.plan(declared)
        #expect(plan.lines == [], "the server has it just as declared")
        guard !version.registersModels else { return }
        let unknown = await #expect(throws: Diagnostics.self) {
            try await stack.plan("models: {chat: {id: scripted/lmm, provider: other}}")
        }
        #expect(unknown?.all.first?.code == "unknown-model")
        #expect(unknown?.all.first?.cause == .lacking)
    }

    @Test("A model of the server that differs from the declared one is not ours to replace")
    func foreignModel() async throws {
        let stack = try Self.begin(.llamaStack0224)
        let thrown = await #expect(throws: Diagnostics.self) {
            try await stack.plan("models: {chat: {id: llm, provider: scripted, providerModel: scripted-other}}")
        }
        #expect(thrown?.all.map(\.code.name) == ["not-ours"])
    }

    @Test(
        "When a replacement with the same id is refused, the old one is there again",
        arguments: [
            ("shields", "{provider: llama-guard, params: {a: 1}}", "{provider: nowhere, params: {a: 1}}"),
            (
                "models", "{id: more, provider: scripted, providerModel: scripted-a}",
                "{id: more, provider: scripted, providerModel: unknown}"
            ),
        ])
    func refusedReplacement(kind: String, good: String, bad: String) async throws {
        let stack = try TestStack(ogx: FakeOGX(.llamaStack0224))
        try await stack.apply("\(kind): {it: \(good)}")
        let before = Contents(stack)
        #expect(try await stack.plan("\(kind): {it: \(bad)}").lines.first?.hasPrefix("replace \(kind).it") == true)
        await #expect(throws: Diagnostics.self) { try await stack.apply("\(kind): {it: \(bad)}") }
        #expect(Contents(stack) == before)
        try await stack.apply("\(kind): {it: \(good)}")
        #expect(try await stack.plan("\(kind): {it: \(good)}").lines == [])
    }

    @Test("A server without shields is code 10, and none is skipped unless the spec says so")
    func noShields() async throws {
        let stack = try Self.begin(.ogx150)
        let thrown = await #expect(throws: Diagnostics.self) {
            try await stack.plan("shields: {it: {provider: guard}}")
        }
        #expect(thrown?.all.map(\.code.name) == ["not-offered"])
        #expect(thrown?.all.first?.cause == .lacking)
        #expect(thrown?.all.first?.detail.contains("Llama Stack 0.2 to 0.7") == true)
        let skipped = try await stack.plan("shields: {it: {provider: guard, ifUnsupported: skip}}")
        #expect(skipped.lines == [])
        #expect(skipped.warnings.map(\.code.name) == ["shield-skipped"])
    }

    @Test("A store that a refused creation left behind is deleted, at once or by the next run")
    func leftStore() async throws {
        for isCut in [false, true] {
            let stack = try Self.begin(.llamaStack0224)
            // The model that embeds is none: the server fails, and has made the store all the same.
            let spec = "vectorStores: {it: {embeddingModel: embed, documents: [a.md]}}"
            let whole = try await stack.apply(spec, cutting: .never)
            let creation = try #require(whole.firstIndex { $0.hasPrefix("POST") && $0.hasSuffix("/vector_stores") })
            let other = try Self.begin(.llamaStack0224)
            other.ogx.intercept { [ogx = other.ogx] request in
                guard request.method == .post, request.url.hasSuffix("/vector_stores") else { return nil }
                ogx.leaveStore(named: "it")
                return .json(400, #"{"detail": "Invalid value: Embedding dimension is required"}"#)
            }
            try await other.apply(spec, cutting: isCut ? .after(creation + 1) : .never)
            other.ogx.intercept(nil)
            #expect(other.ogx.stores.count == (isCut ? 1 : 0))
            try await other.apply(spec)
            #expect(other.ogx.stores.map(\.name) == ["it"])
            #expect(other.ogx.stores.first?.metadata["drover.stack"] == "helpdesk")
            let rest = try await other.plan(spec)
            #expect(rest.lines == [])
        }
    }
}
