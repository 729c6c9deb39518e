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

    @Test(
        "Of two models of one declaration a destroy leaves none, and a renamed one is one of them", arguments: versions)
    func two(_ version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        try await stack.apply(Self.spec("first"))
        try await stack.mlflow.server().setAlias("production", of: "m", toVersion: "1")
        try await stack.apply(Self.spec("second"))
        let renamed = Self.spec("second").replacing("{chat: {id", with: "{talk: {moved: chat, id")
            .replacing("model: chat", with: "model: talk")
        try await stack.apply(renamed)
        #expect(Self.ours(stack) == ["first", "second"])
        #expect(try await stack.plan(renamed).lines == [])
        try await stack.apply("", Permissions(allowEmpty: true))
        #expect(Self.ours(stack) == [])
    }

    @Test("A store under another name keeps the one before that an alias still searches")
    func renamedStore() async throws {
        let stack = try TestStack()
        func spec(_ name: String, _ tokens: Int, _ more: String = "") -> String {
            """
            vectorStores:
              \(name):
                {embeddingModel: scripted/embed, chunking: {maxTokens: \(tokens), overlap: 50}, documents: [a.md]\(more)}
            tools: {t: {fileSearch: {vectorStores: [\(name)]}}}
            experiments: {e: {}}
            registeredModels: {m: {}}
            agents:
              a: {model: scripted/llm, instructions: One, tools: [t], log: {experiment: e, registeredModel: m}}
            """
        }
        try stack.write("a.md", "Llamas eat hay.")
        try await stack.apply(spec("before", 400))
        let searched = try #require(stack.ogx.stores.first).id
        try await stack.mlflow.server().setAlias("production", of: "m", toVersion: "1")
        try await stack.apply(spec("before", 500))
        #expect(stack.ogx.stores.count == 2)
        try await stack.apply(spec("after", 500, ", moved: before"))
        #expect(stack.ogx.stores.contains { $0.id == searched })
        try await stack.mlflow.server().deleteAlias("production", of: "m")
        try await stack.apply(spec("after", 500, ", moved: before"))
        #expect(!stack.ogx.stores.contains { $0.id == searched })
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

    @Test(
        "What it uses stays as long also where its agent left the spec, however often that is applied",
        arguments: [
            ("models: {s: {id: scripted-s, provider: scripted}}", "model: s"),
            ("shields: {s: {provider: llama-guard}}", "inputShields: [s], outputShields: [s]"),
            ("tools: {s: {mcp: {url: \"http://desk.test/mcp\"}}}", "runtime: agents, tools: [s]"),
            ("vectorStores: {s: {embeddingModel: scripted/scripted-embed}}", "tools: [t]"),
        ])
    func withoutAgent(declared: String, used: String) async throws {
        let stack = try TestStack(ogx: FakeOGX(.llamaStack035))
        let rest = "experiments: {e: {}}\nregisteredModels: {m: {}}"
        let model = used.hasPrefix("model") ? "" : "model: scripted/scripted-llm, "
        let search = used == "tools: [t]" ? "\ntools: {t: {fileSearch: {vectorStores: [s]}}}" : ""
        let agent = "agents: {a: {\(model)instructions: One, log: {experiment: e, registeredModel: m}, \(used)}}"
        func kept() -> Set<String> {
            let registered = stack.ogx.models + stack.ogx.shields + stack.ogx.toolGroups
            return Set(registered.map(\.id) + stack.ogx.stores.map(\.id))
        }
        let before = kept()
        try await stack.apply("\(declared)\(search)\n\(rest)\n\(agent)")
        let whole = kept()
        #expect(whole.count == before.count + 1)
        try await stack.mlflow.server().setAlias("production", of: "m", toVersion: "1")
        for _ in 1...3 {
            try await stack.apply(rest)
            #expect(kept() == whole)
        }
        #expect(try await stack.plan(rest).warnings.map(\.code.name) == ["still-in-use"])
        try await stack.mlflow.server().deleteAlias("production", of: "m")
        try await stack.apply(rest)
        #expect(kept() == before)
    }

    private static func unmarked(_ kind: String, _ id: String?) -> String {
        let declared =
            kind == "shields"
            ? "shields: {s: {id: \(id ?? ""), provider: llama-guard}}"
            : "tools: {s: {name: \(id ?? ""), mcp: {url: \"http://desk.test/mcp\"}}}"
        let used = kind == "shields" ? "inputShields: [s], outputShields: [s]" : "runtime: agents, tools: [s]"
        return """
            \(id == nil ? "" : declared)
            experiments: {e: {}}
            registeredModels: {m: {}}
            agents:
              a: {model: scripted/scripted-llm, instructions: One, log: {experiment: e, registeredModel: m},
                \(id == nil ? "runtime: responses" : used)}
            """
    }

    @Test(
        "A shield or a tool group that was replaced stays as long, over several replacements",
        arguments: ["shields", "tools"], [false, true])
    func unmarkedReplaced(kind: String, isLeft: Bool) async throws {
        let stack = try TestStack(ogx: FakeOGX(.llamaStack035))
        func ids() -> Set<String> { Set(stack.ogx.shields.map(\.id) + stack.ogx.toolGroups.map(\.id)) }
        let before = ids()
        try await stack.apply(Self.unmarked(kind, "first"))
        try await stack.mlflow.server().setAlias("production", of: "m", toVersion: "1")
        try await stack.apply(Self.unmarked(kind, "second"))
        #expect(ids().subtracting(before) == ["first", "second"])
        #expect(try await stack.plan(Self.unmarked(kind, "second")).lines == [])
        try await stack.apply(Self.unmarked(kind, "third"))
        #expect(ids().subtracting(before) == ["first", "third"])
        let last = Self.unmarked(kind, isLeft ? nil : "third")
        if isLeft {
            for _ in 1...2 {
                try await stack.apply(last)
                #expect(ids().subtracting(before) == ["first"])
            }
        }
        try await stack.mlflow.server().deleteAlias("production", of: "m")
        #expect(try await stack.plan(last).lines.contains { $0.hasPrefix("delete \(kind).s") })
        try await stack.apply(last)
        #expect(ids().subtracting(before) == (isLeft ? [] : ["third"]))
        let record = try await stack.open(last).store.load()
        #expect(record.entries["\(kind).s"]?.older == nil && record.intents.isEmpty)
    }

    @Test("A destroy of a part of the stack leaves what it uses, too", arguments: versions)
    func destroyedInPart(_ version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        try await stack.apply(Self.spec("first"))
        try await stack.mlflow.server().setAlias("production", of: "m", toVersion: "1")
        let (workflow, folder) = try stack.declare(Self.spec("first"))
        let run = try await stack.open(workflow.withoutDeclarations, folder, Scissors(.never))
        let (survey, record) = try await Survey.take(of: run.workflow, with: run.drivers, loading: run.store)
        func plan(_ selection: Selection) async throws -> Plan {
            try await Planner(
                run.workflow, drivers: run.drivers, survey: survey, record: record,
                permissions: Permissions(allowEmpty: true), selection: selection
            ).plan()
        }
        let part = try await plan(Selection(targets: [AddressPattern("models")]))
        #expect(part.lines == [])
        #expect(part.warnings.map(\.code.name) == ["still-in-use"])
        let rest = try await plan(Selection(excluded: [AddressPattern("experiments")]))
        #expect(!rest.lines.contains("delete models.chat"))
        #expect(try await plan(.everything).lines.contains("delete models.chat"))
    }

    /// A destroy of some kinds of a stack with a release.
    private static func destroy(
        _ kinds: [String], of spec: String, on stack: TestStack, _ scissors: Scissors = Scissors(.never)
    ) async throws -> (plan: Plan, applied: Applied) {
        let (workflow, folder) = try stack.declare(spec)
        let run = try await stack.open(workflow.withoutDeclarations, folder, scissors)
        let (survey, record) = try await Survey.take(of: run.workflow, with: run.drivers, loading: run.store)
        let selection = Selection(targets: kinds.map { AddressPattern($0) })
        let permissions = Permissions(allowEmpty: true)
        let plan = try await Planner(
            run.workflow, drivers: run.drivers, survey: survey, record: record, permissions: permissions,
            selection: selection
        ).plan()
        let executor = Executor(
            run.workflow, drivers: run.drivers, survey: survey, record: record, store: run.store,
            permissions: permissions, selection: selection, onEvent: { _ in })
        return (plan, try await executor.apply(plan, parallelism: 4))
    }

    private static let released = spec("first") + "\nreleases: {production: {agent: a, alias: live}}"

    @Test("What only the aliases of releases use goes with these in one destroy of a part", arguments: versions)
    func destroyedWithRelease(_ version: FakeStackVersion) async throws {
        let stack = try TestStack(ogx: FakeOGX(version))
        try await stack.apply(Self.released)
        let kept = try await Self.destroy(["models"], of: Self.released, on: stack)
        #expect(kept.plan.warnings.map(\.code.name) == ["still-in-use"])
        #expect(Self.ours(stack) == ["first"])
        let gone = try await Self.destroy(["releases", "models"], of: Self.released, on: stack)
        #expect(gone.plan.lines == ["delete releases.production", "delete models.chat"])
        #expect(gone.applied.failures == [])
        #expect(Self.ours(stack) == [])
    }

    @Test("An alias that stays, or that cannot be removed, keeps what it uses", arguments: [false, true])
    func destroyedWithReleaseInVain(isByHand: Bool) async throws {
        let stack = try TestStack(ogx: FakeOGX(.llamaStack0224))
        try await stack.apply(Self.released)
        if isByHand { try await stack.mlflow.server().setAlias("other", of: "m", toVersion: "1") }
        let refusing = Scissors(.refusing) { request in
            !isByHand && request.method == .delete && request.url.contains("registered-models/alias")
        }
        let destroyed = try await Self.destroy(["releases", "models"], of: Self.released, on: stack, refusing)
        #expect(destroyed.applied.failures.isEmpty == isByHand)
        #expect(Self.ours(stack) == ["first"])
    }

    @Test("What aliased versions use is asked once for all models that go", arguments: versions)
    func askedOnce(_ version: FakeStackVersion) async throws {
        var counts: Set<Int> = []
        for count in [1, 4] {
            let stack = try TestStack(ogx: FakeOGX(version))
            let models = (1...count).map { "m\($0): {id: scripted-more\($0), provider: scripted}" }
            let rest = "experiments: {e: {}}"
            try await stack.apply("models: {\(models.joined(separator: ", "))}\n\(rest)")
            stack.mlflow.cut(.never)
            #expect(try await stack.plan(rest).lines.count == count)
            counts.insert(stack.mlflow.arrivals.count)
        }
        #expect(counts.count == 1, "\(counts)")
    }
}
