import Engine
import Fakes
import Kinds
import Language
import Testing
import Wire

@Suite("Drift of every field")
struct FieldDriftTests {
    @Test("Every kind that plans change is put to the test")
    func everyKind() {
        let kinds = Set(Kinds.standard.sections.filter { $0.role == .reconciled }.map(\.key))
        // What becomes of an alias that somebody moves is another question: it stops the plan.
        #expect(Set(DriftedKind.all.map(\.kind)) == kinds.subtracting(["releases"]))
    }

    /// Fields that say something to drover alone.
    private static let toldDrover: Set<String> = ["protect", "onDelete", "moved", "dependsOn", "ignoreChanges"]

    /// Fields of specs that no server holds, by kind. Those of tools are parts of the definitions of agents, of which a tool is
    /// tried, but for what a tool group has.
    private static let unheld: [String: Set<String>] = [
        // How it was done; of chunking the marks of documents tell.
        "vectorStores": ["description", "update", "chunking"],
        "models": ["name", "description"],
        "shields": ["name", "description", "ifUnsupported"],
        "tools": [
            "name", "description", "fileSearch.vectorStores", "fileSearch.maxResults", "fileSearch.filters",
            "fileSearch.minScore", "mcp.connector", "mcp.token", "mcp.headers", "mcp.allow", "mcp.requireApproval",
            "function.description", "function.parameters", "function.http.url", "function.http.method",
            "function.http.headers", "function.http.timeout", "function.exec.command", "function.exec.timeout",
            "builtin",
            "toolGroup.id", "toolGroup.args", "agent", "effect",
        ],
        // What an agent of the spec's own making is: the server's is never changed.
        "agents": ["name", "existing.id"],
    ]

    /// What drover calls a field that a spec calls otherwise, by kind.
    private static let called: [String: [String: String]] = [
        "datasets": ["file": "records"], "tools": ["mcp.url": "endpoint"],
        "agents": ["log.tags": "tags", "responseFormat.jsonSchema": "responseFormat"],
    ]

    private static func names(of fields: [Field]) -> [String] {
        fields.flatMap { field in
            switch field.shape {
            case .object(let type): names(of: type.fields).map { "\(field.name).\($0)" }
            case .alternatives(let shapes) where field.name == "log": names(of: shapes.map { Field("log", $0, "") })
            case _: [field.name]
            }
        }
    }

    @Test("Every field that a spec may have is put to the test, or no server holds it")
    func everyDeclaredField() {
        for section in Kinds.standard.sections where section.role == .reconciled && section.key != "releases" {
            let each = DriftedKind.all.filter { $0.kind == section.key }
            let tried = each.flatMap { $0.meddlings.map(\.path) + $0.fixed }
            let known = Self.toldDrover.union(Self.unheld[section.key] ?? [])
            let missing = Self.names(of: section.spec.fields).filter { name in
                let path = Self.called[section.key]?[name] ?? name
                return name != "log" && !known.contains(name)
                    && !tried.contains { $0 == path || $0.hasPrefix("\(path).") }
            }
            #expect(missing == [], "\(section.key)")
        }
    }

    @Test("Every field of what a server holds is put to the test", arguments: DriftedKind.all)
    func everyField(each: DriftedKind) async throws {
        let stack = try TestStack(ogx: FakeOGX(each.version))
        try await stack.apply(each.spec)
        let run = try await stack.open(each.spec)
        let member = try #require(try await run.survey().members[Address(each.kind, "it")])
        let driver = try #require(run.drivers.first { $0.kind == each.kind })
        // Who has an object is another question.
        let paths = driver.fields(of: member).keys.filter { !$0.contains("drover.") }
        let tried = Set(each.meddlings.map(\.path))
        #expect(paths.filter { !tried.contains($0) && !each.fixed.contains($0) } == [])
    }

    @Test(
        "What somebody changed is named as such, and restored, and nothing else is touched",
        arguments: DriftedKind.all.flatMap(\.meddlings))
    func drift(each: Meddling) async throws {
        let stack = try TestStack(ogx: FakeOGX(each.version))
        try await stack.apply(each.spec)
        try await stack.expectEmpty(each.spec)
        let before = Contents(stack)
        try await each.act(Hands(stack))
        let plan = try await stack.plan(each.spec)
        // The uploaded file of a document that was detached goes, too.
        let named = plan.changes.filter {
            $0.action != .keep && !($0.action == .delete && each.what.hasSuffix("detached"))
        }
        #expect(named.map(\.address) == [Address(each.kind, "it")], "\(plan.lines)")
        let shown = each.path == "alias.live" ? "alias" : each.path
        let fields = named.flatMap(\.fields)
        let isNamed = fields.contains { $0.path == shown || $0.path.hasPrefix(shown + ".") } || plan.drift.isLost
        #expect(isNamed, "\(plan.lines)")
        #expect(fields.count <= 1 || each.addsVersion, "\(plan.lines)")
        #expect(plan.drift.changes.contains { $0.action != .keep }, "\(plan.lines): no drift")
        try await stack.apply(each.spec)
        try await stack.expectEmpty(each.spec)
        guard !each.addsVersion else { return }
        let after = Contents(stack)
        #expect(before == after)
    }

    /// Kinds whose objects somebody deletes whole.
    static let deletions: [(DriftedKind, @Sendable (Hands) async throws -> Void)] = [
        (.registeredModel, { try await $0.mlflow.deleteRegisteredModel("it") }),
        (.prompt, { try await $0.mlflow.deleteRegisteredModel("it") }),
        (.dataset, { try await $0.mlflow.deleteDataset($0.dataset()) }),
        (.store, { try await $0.llamaStack.vectorStores.delete($0.store().id) }),
        (
            .model,
            { hands in
                let model = try #require(
                    try await hands.llamaStack.models.list().first { $0.id.hasSuffix("scripted-a") })
                try await hands.llamaStack.models.unregister(model.id)
            }
        ),
        (
            .shield,
            { hands in
                let shield = try #require(try await hands.llamaStack.shields.list().first { $0.params["a"] != nil })
                try await hands.llamaStack.shields.unregister(shield.id)
            }
        ),
        (
            .toolGroup,
            { hands in
                let group = try #require(try await hands.llamaStack.toolGroups.list().first { $0.endpoint != nil })
                try await hands.llamaStack.toolGroups.unregister(group.id)
            }
        ),
        (.logged, { try await $0.mlflow.deleteModelVersion("m", version: "1") }),
        (
            .served,
            { hands in
                let agents = try #require(hands.llamaStack.agents)
                try await agents.delete(try #require(try await agents.list().first).id)
            }
        ),
    ]

    @Test("An object of every kind is deleted")
    func everyDeletion() {
        // An experiment is restored, which is a change of its state.
        let restored = DriftedKind.all.filter { each in each.meddlings.contains { $0.what == "state/deleted" } }
        let kinds = Set(Kinds.standard.sections.filter { $0.role == .reconciled }.map(\.key))
        #expect(Set((Self.deletions.map(\.0) + restored).map(\.kind)) == kinds.subtracting(["releases"]))
    }

    @Test("What somebody deleted is told as deleted outside, and made again", arguments: deletions.indices)
    func deleted(index: Int) async throws {
        let (each, delete) = Self.deletions[index]
        let stack = try TestStack(ogx: FakeOGX(each.version))
        try await stack.apply(each.spec)
        let before = Contents(stack)
        try await delete(Hands(stack))
        let plan = try await stack.plan(each.spec)
        let lost = plan.changes.filter(\.isLost).map(\.address)
        #expect(lost == [Address(each.kind, "it")], "\(each.kind): \(plan.lines)")
        try await stack.apply(each.spec)
        try await stack.expectEmpty(each.spec)
        // A version is logged anew; what was logged for the one before stays.
        guard each.meddlings.allSatisfy({ !$0.addsVersion }) || each.kind != "agents" else { return }
        #expect(Contents(stack) == before, "\(each.kind)")
    }
}

extension TestStack {
    func expectEmpty(_ spec: String) async throws {
        let plan = try await plan(spec)
        #expect(plan.lines == [])
    }
}

extension Plan {
    /// Whether it names something that was deleted outside.
    fileprivate var isLost: Bool { changes.contains(where: \.isLost) }
}
