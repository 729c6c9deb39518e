import Engine
import Fakes
import Kinds
import Language
import Testing

/// Declarations that have another name now: their objects come along.
@Suite("Moved declarations")
struct MovedTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let kind: String
        let fields: String
        var around = ""
        var old = false
        var testDescription: String { kind }

        /// The declaration with a name, and with what it says beside the fields.
        func spec(_ name: String, _ more: String = "") -> String {
            "\(around.replacing("NAME", with: name))\n\(kind): {\(name): {\(fields)\(more)}}"
        }
    }

    private static let cases = [
        Case(kind: "experiments", fields: "name: x"), Case(kind: "registeredModels", fields: "name: x"),
        Case(kind: "prompts", fields: "name: x, template: One"),
        Case(kind: "datasets", fields: "name: x, experiment: e, records: [{q: One}]", around: "experiments: {e: {}}"),
        Case(kind: "vectorStores", fields: "name: x, embeddingModel: scripted/embed, embeddingDimension: 384"),
        Case(kind: "shields", fields: "id: x, provider: llama-guard", old: true),
        Case(kind: "models", fields: "id: x, provider: scripted, providerModel: scripted-a", old: true),
        Case(
            kind: "tools", fields: "name: x, mcp: {url: \"http://desk.test/mcp\"}",
            around:
                "agents: {u: {model: scripted/scripted-llm, instructions: One, runtime: agents, tools: [NAME], log: false}}",
            old: true),
        Case(
            kind: "agents",
            fields: "model: scripted/llm, instructions: One, log: {experiment: e, registeredModel: m}",
            around: "experiments: {e: {}}\nregisteredModels: {m: {}}"),
    ]

    @Test("The same object belongs to the new name, of every kind, and the next plan is empty", arguments: cases)
    func kinds(each: Case) async throws {
        let stack = try TestStack(ogx: each.old ? FakeOGX(.llamaStack035) : FakeOGX())
        try await stack.apply(each.spec("a"))
        func objects() -> [String] {
            stack.ogx.stores.map(\.id) + stack.ogx.shields.map(\.id) + stack.ogx.models.map(\.id).sorted()
                + stack.ogx.toolGroups.map(\.id)
                + stack.mlflow.store.registeredModels.map(\.name) + stack.mlflow.store.datasets.map(\.id)
                + stack.mlflow.store.experiments.map(\.id)
        }
        let before = objects()
        let moved = each.spec("b", ", moved: a")
        let plan = try await stack.plan(moved)
        // The agent of a tool names it, and changes with it.
        let lines = plan.lines.filter { $0.hasPrefix("update \(each.kind).") }
        #expect(lines.count == 1 && plan.lines.count == (each.kind == "tools" ? 2 : 1), "\(plan.lines)")
        #expect(lines.first?.hasPrefix("update \(each.kind).b: address") == true, "\(plan.lines)")
        try await stack.apply(moved)
        #expect(objects() == before)
        #expect(try await stack.plan(moved).lines == [])
        // The word may go, or stay for those who have not applied it yet.
        #expect(try await stack.plan(each.spec("b")).lines == [])
        let noted = try await stack.open(moved).store.load().entries.keys.filter { $0.hasPrefix(each.kind) }
        #expect(noted == ["\(each.kind).b"])
    }

    @Test("A tool group whose id follows the declared name is made anew, and the old one goes, wherever it is cut off")
    func renamedGroup() async throws {
        let spec = { (name: String, more: String) in
            """
            tools: {\(name): {mcp: {url: "http://desk.test/mcp"}\(more)}}
            agents: {u: {model: scripted/scripted-llm, instructions: One, runtime: agents, tools: [\(name)], log: false}}
            """
        }
        for number in 0...30 {
            let stack = try TestStack(ogx: FakeOGX(.llamaStack035))
            try await stack.apply(spec("a", ""))
            try await stack.apply(spec("b", ", moved: a"), cutting: .after(number))
            try await stack.apply(spec("b", ", moved: a"))
            let ids = stack.ogx.toolGroups.map(\.id).filter { $0.hasPrefix("mcp::") }
            #expect(ids == ["mcp::helpdesk-b"], "after request \(number)")
            #expect(stack.ogx.agents.count == 1, "after request \(number)")
            #expect(try await stack.plan(spec("b", "")).lines == [], "after request \(number)")
        }
    }

    @Test(
        "A live name that follows the declared one is changed with it", arguments: ["experiments", "registeredModels"])
    func renamed(kind: String) async throws {
        let stack = try TestStack()
        try await stack.apply("\(kind): {a: {}}")
        try await stack.apply("\(kind): {b: {moved: a}}")
        let names = stack.mlflow.store.experiments.map(\.name) + stack.mlflow.store.registeredModels.map(\.name)
        #expect(names.contains("b") && !names.contains("a"), "\(names)")
        #expect(try await stack.plan("\(kind): {b: {moved: a}}").lines == [])
    }
}
