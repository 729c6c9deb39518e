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
    private static let deletions: [(DriftedKind, @Sendable (Hands) async throws -> Void)] = [
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
