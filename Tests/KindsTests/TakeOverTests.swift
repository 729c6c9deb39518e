import Engine
import Fakes
import Kinds
import Language
import Testing
import Wire

/// Objects of another stack that somebody wants in this one.
@Suite("Objects of other stacks")
struct TakeOverTests {
    private static let theirs = ["drover.stack": "bakery", "drover.address": "experiments.bread"]

    @Test("One that has a wanted name is refused with its owner's, and becomes ours whole where that is allowed")
    func unique() async throws {
        let stack = try TestStack()
        let server = stack.mlflow.server()
        _ = try await server.createExperiment("e", tags: Self.theirs)
        try await server.createRegisteredModel("m", tags: Self.theirs)
        try await server.createPrompt("p", description: "", tags: Self.theirs)
        var spec = ""
        for (kind, declared) in [
            ("experiments", "e: {}"), ("registeredModels", "m: {}"), ("prompts", "p: {template: One}"),
        ] {
            spec += "\(kind): {\(declared)}\n"
            let refused = await #expect(throws: Diagnostics.self) { try await stack.plan(spec) }
            #expect(refused?.all.map(\.code) == ["other-owner"], "\(kind)")
            #expect(refused?.all.first?.detail.contains("`bakery`") == true, "\(kind)")
            let plan = try await stack.plan(spec, Permissions(takeOver: true))
            #expect(plan.changes.map(\.action).filter { $0 != .keep } == [.adopt], "\(kind)")
            try await stack.apply(spec, Permissions(takeOver: true))
            #expect(try await stack.plan(spec).lines == [], "\(kind)")
        }
        let store = stack.mlflow.store
        let tags = store.experiments.filter { $0.name == "e" }.flatMap(\.tags) + store.registeredModels.flatMap(\.tags)
        #expect(tags.filter { $0.key == Mark.stackKey }.map(\.value) == ["helpdesk", "helpdesk", "helpdesk"])
        #expect(!tags.contains { $0.value == "experiments.bread" })
        // It was made by drover, and is no more a stranger's than what this stack made.
        let noted = try await stack.open("experiments: {e: {}}").store.load().entries
        #expect(noted.values.allSatisfy { $0.isAdopted == nil })
    }

    @Test("A store of theirs with a wanted name is no rival, and becomes ours only where that is allowed")
    func shared() async throws {
        let stack = try TestStack()
        let spec = "vectorStores: {kb: {embeddingModel: scripted/embed, embeddingDimension: 384}}"
        let run = try await stack.open("")
        let llamaStack = try #require(run.servers.llamaStack)
        let theirs = try await llamaStack.vectorStores.create(
            .init(
                name: "kb", metadata: Mark(stack: StackName("bakery"), address: Address("vectorStores", "kb")).tags,
                embeddingModel: "scripted/embed", embeddingDimension: 384))
        #expect(try await stack.plan(spec).changes.map(\.action) == [.create])
        try await stack.apply(spec, Permissions(takeOver: true))
        #expect(stack.ogx.stores.map(\.id) == [theirs.id])
        #expect(stack.ogx.stores.first?.metadata[Mark.stackKey] == "helpdesk")
        #expect(try await stack.plan(spec).lines == [])
    }
}
