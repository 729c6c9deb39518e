import Engine
import Fakes
import Kinds
import Language
import Testing
import Wire

/// What a version with an alias uses stays until the alias has moved.
@Suite("What an aliased version uses")
struct AliasedUseTests {
    private static let versions = FakeStackVersion.allCases.filter(\.registersModels)

    private static func spec(_ id: String) -> String {
        """
        models: {chat: {id: scripted-\(id), provider: scripted}}
        experiments: {e: {}}
        registeredModels: {m: {}}
        agents: {a: {model: chat, instructions: One, log: {experiment: e, registeredModel: m}}}
        """
    }

    private static func ours(_ stack: TestStack) -> [String] {
        stack.ogx.models.map(\.id).filter { $0.contains("first") || $0.contains("second") }.map { id in
            id.contains("first") ? "first" : "second"
        }.sorted()
    }

    @Test("A replaced model stays until no alias points at a version that answers with it", arguments: versions)
    func replaced(_ version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        try await stack.apply(Self.spec("first"))
        try await stack.mlflow.server().setAlias("production", of: "m", toVersion: "1")
        try await stack.apply(Self.spec("second"))
        #expect(Self.ours(stack) == ["first", "second"])
        let same = try await stack.plan(Self.spec("second"))
        #expect(same.lines == [])

        try await stack.mlflow.server().setAlias("production", of: "m", toVersion: "2")
        let plan = try await stack.plan(Self.spec("second"))
        #expect(plan.lines.contains { $0.hasPrefix("delete models.chat") })
        try await stack.apply(Self.spec("second"))
        #expect(Self.ours(stack) == ["second"])
    }

    @Test("A model that left the spec stays as long, and the plan says why", arguments: versions)
    func left(_ version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        try await stack.apply(Self.spec("first"))
        try await stack.mlflow.server().setAlias("production", of: "m", toVersion: "1")
        let without = """
            experiments: {e: {}}
            registeredModels: {m: {}}
            agents: {a: {model: \(version.models.llm), instructions: One, log: {experiment: e, registeredModel: m}}}
            """
        let plan = try await stack.plan(without)
        #expect(plan.warnings.map(\.code.name) == ["still-in-use"])
        try await stack.apply(without)
        #expect(Self.ours(stack) == ["first"])
        try await stack.mlflow.server().deleteAlias("production", of: "m")
        try await stack.apply(without)
        #expect(Self.ours(stack) == [])
    }

    @Test(
        "A shield or a tool group, which carries no mark, stays as long",
        arguments: [
            ("shields: {s: {provider: llama-guard}}", "inputShields: [s], outputShields: [s]"),
            ("tools: {s: {mcp: {url: \"http://desk.test/mcp\"}}}", "runtime: agents, tools: [s]"),
        ])
    func unmarked(declared: String, used: String) async throws {
        let stack = try TestStack(ogx: FakeOGX(.llamaStack035))
        func spec(_ more: String) -> String {
            """
            experiments: {e: {}}
            registeredModels: {m: {}}
            agents:
              a: {model: scripted/scripted-llm, instructions: One, log: {experiment: e, registeredModel: m}, \(more)}
            """
        }
        func kept() -> [String] {
            stack.ogx.shields.map(\.id) + stack.ogx.toolGroups.map(\.id).filter { $0.hasSuffix("s") }
        }
        let before = kept()
        try await stack.apply(declared + "\n" + spec(used))
        #expect(kept().count == before.count + 1)
        try await stack.mlflow.server().setAlias("production", of: "m", toVersion: "1")
        let without = spec("runtime: responses")
        #expect(try await stack.plan(without).warnings.map(\.code.name) == ["still-in-use"])
        for _ in 1...2 {
            try await stack.apply(without)
            #expect(kept().count == before.count + 1)
        }
        try await stack.mlflow.server().deleteAlias("production", of: "m")
        try await stack.apply(without)
        #expect(kept() == before)
    }
}
