import Engine
import Fakes
import Kinds
import Language
import Testing

/// What becomes of a thing of each kind when its declaration leaves the spec.
@Suite("What leaves the spec")
struct RetirementTests {
    /// A thing that is declared, and taken out again.
    struct Retired: Sendable, CustomTestStringConvertible {
        var kind: String
        var version = FakeStackVersion.ogx150
        var fields: String
        /// What stays declared.
        var rest = "experiments: {rest: {}}"
        /// What goes with it, because it needs it.
        var users = ""
        /// What happens where the spec does not say it.
        var standard = OnDelete.delete
        /// Whether what was kept is known again when it is declared again.
        var isKnownAgain = true
        /// How many such things a server has.
        var count: @Sendable (TestStack) -> Int

        var testDescription: String { kind }
        var address: String { "\(kind).it" }

        func spec(_ more: String = "") -> String {
            "\(kind): {it: {\(fields)\(fields.isEmpty || more.isEmpty ? more : ", \(more)")}}\n\(users)\n\(rest)"
        }
    }

    private static let old = FakeStackVersion.llamaStack0224
    private static let places = "experiments: {rest: {}}\nregisteredModels: {m: {}}"
    private static let agent =
        "model: scripted/llm, instructions: One, log: {experiment: rest, registeredModel: m}"

    private static let all: [Retired] = [
        Retired(kind: "experiments", fields: "", rest: "registeredModels: {rest: {}}", standard: .retain) { stack in
            stack.mlflow.store.experiments.count { $0.name == "it" && !$0.isDeleted }
        },
        Retired(kind: "registeredModels", fields: "", standard: .retain) { $0.mlflow.store.registeredModels.count },
        Retired(kind: "prompts", fields: "template: One") { $0.mlflow.store.registeredModels.count },
        Retired(kind: "datasets", fields: "experiment: rest, records: [{q: One}]") { $0.mlflow.store.datasets.count },
        Retired(kind: "models", version: old, fields: "id: scripted-it, provider: scripted") { $0.ogx.models.count },
        Retired(kind: "shields", version: old, fields: "provider: llama-guard") { $0.ogx.shields.count },
        Retired(
            kind: "vectorStores", fields: "embeddingModel: scripted/embed, documents: [{text: Hay., name: hay.txt}]"
        ) { $0.ogx.stores.count },
        Retired(
            kind: "tools", version: old, fields: "mcp: {url: \"http://desk.test/mcp\"}",
            users: "agents: {a: {model: llm, instructions: One, runtime: agents, tools: [it], log: false}}"
        ) { $0.ogx.toolGroups.count },
        Retired(kind: "agents", fields: agent, rest: places, isKnownAgain: false) { $0.mlflow.store.versions.count },
        Retired(
            kind: "releases", fields: "agent: a, alias: live", rest: "\(places)\nagents: {a: {\(agent)}}",
            isKnownAgain: false
        ) { stack in
            stack.mlflow.store.registeredModels.count { $0.aliases["live"] != nil }
        },
    ]

    @Test("Every kind is tried")
    func kinds() {
        #expect(Self.all.map(\.kind).sorted() == Kinds.standard.all.map(\.section.key).sorted())
    }

    @Test(
        "It is deleted or kept, as the spec says or else the kind, and never looked at again",
        arguments: all, [nil, OnDelete.delete, .retain])
    func leaves(_ retired: Retired, _ onDelete: OnDelete?) async throws {
        let stack = try TestStack(ogx: FakeOGX(retired.version))
        let spec = retired.spec(onDelete.map { "onDelete: \($0.rawValue)" } ?? "")
        try await stack.apply(retired.rest)
        let before = retired.count(stack)
        try await stack.apply(spec)
        #expect(retired.count(stack) == before + 1)
        let isKept = (onDelete ?? retired.standard) == .retain
        let plan = try await stack.plan(retired.rest)
        let lines = plan.lines.filter { $0.contains(" \(retired.kind).") }
        #expect(lines == ["\(isKept ? "forget" : "delete") \(retired.address)"])
        try await stack.apply(retired.rest)
        #expect(retired.count(stack) == before + (isKept ? 1 : 0))
        let rest = try await stack.plan(retired.rest)
        #expect(rest.lines == [] && rest.warnings.isEmpty)
        let entry = try await stack.open(retired.rest).store.load().entries[retired.address]
        #expect(entry == nil || (isKept && entry?.isRetained == true))
    }

    @Test("What was kept is taken up again where it is declared again, and goes once the spec says so", arguments: all)
    func comesBack(_ retired: Retired) async throws {
        guard retired.isKnownAgain else { return }
        let stack = try TestStack(ogx: FakeOGX(retired.version))
        try await stack.apply(retired.rest)
        let before = retired.count(stack)
        try await stack.apply(retired.spec("onDelete: retain"))
        try await stack.apply(retired.rest)
        let deleting = retired.spec("onDelete: delete")
        let lines = try await stack.plan(deleting).lines.filter {
            $0.contains(" \(retired.address)") && !$0.contains("agents.")
        }
        #expect(lines.count == 1 && lines.first?.hasPrefix("adopt \(retired.address)") == true, "\(lines)")
        try await stack.apply(deleting)
        #expect(retired.count(stack) == before + 1)
        #expect(try await stack.plan(deleting).lines == [])
        try await stack.apply(retired.rest)
        #expect(retired.count(stack) == before)
        #expect(try await stack.plan(retired.rest).lines == [])
    }

    @Test("What is protected is not deleted, whatever left the spec", arguments: all)
    func protected(_ retired: Retired) async throws {
        let stack = try TestStack(ogx: FakeOGX(retired.version))
        try await stack.apply(retired.spec("onDelete: delete, protect: true"))
        let before = retired.count(stack)
        let refused = await #expect(throws: Diagnostics.self) { try await stack.plan(retired.rest) }
        #expect(refused?.all.map(\.code.name) == ["protected"])
        #expect(retired.count(stack) == before)
        try await stack.apply(retired.spec("onDelete: delete"))
        try await stack.apply(retired.rest)
        #expect(retired.count(stack) == before - 1)
    }
}
