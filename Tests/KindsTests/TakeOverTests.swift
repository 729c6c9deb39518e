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

    private static func model(_ id: String, _ more: String = "") -> String {
        "models: {m: {id: \(id), provider: scripted\(more)}}\nexperiments: {e: {}}"
    }

    @Test(
        "A model of theirs that was cut off while it was taken over is not ours any more where another one is declared then",
        arguments: [
            model("scripted-other"), model("llm", ", providerModel: scripted-llm"),
            "models: {m: {id: llm}}\nexperiments: {e: {}}",
        ])
    func modelGivenUp(second: String) async throws {
        let first = Self.model("scripted-more")
        func prepared() async throws -> TestStack {
            let stack = try TestStack(ogx: FakeOGX(.llamaStack0224))
            try await Hands(stack).llamaStack.models.register(
                .init(
                    id: "scripted-more", provider: "scripted", providerModel: "scripted-more", type: "llm",
                    metadata: ["drover.stack": "bakery", "drover.address": "models.bread"]))
            return stack
        }
        func takeOver(_ stack: TestStack, _ scissors: Scissors) async throws {
            let (workflow, folder) = try stack.declare(first)
            _ = try await stack.open(workflow, folder, scissors).apply(Permissions(takeOver: true))
        }
        let whole = Scissors(.never)
        try await takeOver(prepared(), whole)
        let begin = try #require(whole.requests.firstIndex { $0.hasPrefix("DELETE") && $0.contains("/models/") })
        for number in max(1, begin - 2)...whole.requests.count {
            let stack = try await prepared()
            _ = try? await takeOver(stack, Scissors(.after(number)))  // That it fails is what the cut is for.
            for _ in 1...2 { try await stack.apply(second) }
            #expect(try await stack.plan(second).lines == [], "\(number)")
            #expect(try await stack.open(second).store.load().intents.isEmpty, "\(number)")
            let left = stack.ogx.models.filter { $0.id == "scripted-more" }
            #expect(left.allSatisfy { $0.value["metadata"]?[Mark.stackKey] != "helpdesk" }, "\(number)")
        }
    }

    @Test(
        "Datasets and agents of theirs come along where that is allowed, with all that was logged, and nothing is made anew"
    )
    func datasetsAndAgents() async throws {
        let stack = try TestStack()
        let spec = """
            experiments: {e: {}}
            registeredModels: {m: {}}
            datasets: {d: {experiment: e, records: [{q: One}]}}
            agents: {a: {model: scripted/llm, instructions: One, log: {experiment: e, registeredModel: m}}}
            """
        try await stack.apply(spec)
        try await Self.handOver(stack)
        let refused = await #expect(throws: Diagnostics.self) { try await stack.plan(spec) }
        #expect(refused?.all.map(\.code) == ["other-owner", "other-owner"])
        let plan = try await stack.plan(spec, Permissions(takeOver: true))
        #expect(
            plan.lines == ["adopt experiments.e", "adopt registeredModels.m", "adopt datasets.d", "adopt agents.a"])
        try await stack.apply(spec, Permissions(takeOver: true))
        #expect(try await stack.plan(spec).lines == [])
        let store = stack.mlflow.store
        #expect(store.versions.count == 1 && store.loggedModels.count == 1 && store.datasets.count == 1)
        let runs = store.runs.filter { $0.name != "apply" }
        let tags = (store.versions.map(\.tags) + store.loggedModels.map(\.tags) + runs.map(\.tags)).flatMap(\.self)
        #expect(tags.filter { $0.key == Mark.stackKey }.allSatisfy { $0.value == "helpdesk" })
        #expect(store.datasets.first?.tags[Mark.stackKey] == "helpdesk")
    }

    @Test("Where several stacks have one, it is not chosen among them")
    func ambiguous() async throws {
        let stack = try TestStack()
        let spec = "experiments: {e: {}}\ndatasets: {d: {experiment: e, records: [{q: One}]}}"
        try await stack.apply(spec)
        let server = stack.mlflow.server()
        let experiment = try #require(try await server.experiments().first { $0.name == "e" }).id
        for owner in ["bakery", "garage"] {
            let tags = Mark(stack: StackName(owner), address: Address("datasets", "d")).tags
            _ = try await server.createDataset("d", inExperiment: experiment, tags: tags)
        }
        #expect(try await stack.plan(spec, Permissions(takeOver: true)).lines == [])
        let ours = try #require(stack.mlflow.store.datasets.first { $0.tags[Mark.stackKey] == "helpdesk" })
        try await server.deleteDataset(ours.id)
        #expect(try await stack.plan(spec).changes.map(\.action) == [.keep, .create])
        let refused = await #expect(throws: Diagnostics.self) {
            try await stack.plan(spec, Permissions(takeOver: true))
        }
        #expect(refused?.all.map(\.code) == ["ambiguous-adoption"])
    }

    @Test("Of several stacks' agents of a name, the one in the declared registered model is taken over")
    func agentsOfSeveral() async throws {
        let stack = try TestStack()
        func spec(_ letter: String) -> String {
            """
            experiments: {e\(letter): {}}
            registeredModels: {m\(letter): {name: desk-\(letter)}}
            agents: {a: {model: scripted/llm, instructions: One, log: {experiment: e\(letter), registeredModel: m\(letter)}}}
            """
        }
        for (letter, owner) in [("x", "garage"), ("y", "bakery")] {
            try await stack.apply(spec(letter))
            try await Self.handOver(stack, "desk-\(letter)", to: owner)
        }
        let taking = Permissions(takeOver: true)
        let plan = try await stack.plan(spec("y"), taking)
        #expect(plan.lines == ["adopt experiments.ey", "adopt registeredModels.my", "adopt agents.a"])
        try await stack.apply(spec("y"), taking)
        #expect(try await stack.plan(spec("y")).lines == [])
        let owners = stack.mlflow.store.versions.map { version in
            [version.name, version.tags.first { $0.key == Mark.stackKey }?.value]
        }
        #expect(Set(owners) == [["desk-x", "garage"], ["desk-y", "helpdesk"]])
    }

    /// Makes all that the stack has in MLflow another's.
    private static func handOver(_ stack: TestStack, _ model: String = "m", to owner: String = "bakery") async throws {
        let server = stack.mlflow.server()
        let experiments = try await server.experiments()
        for each in experiments where each.tags[Mark.stackKey] == "helpdesk" {
            try await server.setExperimentTag(each.id, Mark.stackKey, to: owner)
        }
        let record = try #require(experiments.first { $0.name == "drover/helpdesk" })
        try await server.renameExperiment(record.id, to: "drover/\(owner)")
        try await server.setRegisteredModelTag(model, Mark.stackKey, to: owner)
        let version = try #require(try await server.modelVersions().first { $0.name == model })
        try await server.setModelVersionTag(model, version: version.version, Mark.stackKey, to: owner)
        try await server.setLoggedModelTags(try #require(version.modelID), [Mark.stackKey: owner])
        try await server.setRunTag(version.runID, Mark.stackKey, to: owner)
        for dataset in try await server.datasets(tagged: Mark.stackKey, "helpdesk") {
            try await server.setDatasetTags(dataset.id, [Mark.stackKey: owner])
        }
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

    @Test("The documents of a store that is taken over give way to this stack's, also after the apply was cut off")
    func documents() async throws {
        let declared = "vectorStores: {kb: {embeddingModel: scripted/embed, documents: [{text: Ours, name: a.txt}]}}"
        let creating = try await TestStack().apply(declared, cutting: .never)
        let attaching = try #require(creating.lastIndex { $0.hasPrefix("POST") && $0.hasSuffix("/files") })
        for cut in [nil, 6, attaching] as [Int?] {
            let stack = try TestStack()
            let server = try await Hands(stack).llamaStack
            let bakery = StackName("bakery")
            let theirs = try await server.vectorStores.create(
                .init(
                    name: "kb", metadata: Mark(stack: bakery, address: Address("vectorStores", "kb")).tags,
                    embeddingModel: "scripted/embed"))
            for (name, text) in [("a.txt", "Theirs"), ("bread.txt", "Rye")] {
                let file = try await server.files.upload(Array(text.utf8), path: name)
                let mark = ["drover": "bakery:0123456789abcdef"]
                _ = try await server.files(in: theirs.id).attach(file.id, attributes: mark)
            }
            let taking = Permissions(takeOver: true)
            let shown = try await stack.plan(declared, taking).changes.flatMap(\.fields).map(\.path).sorted()
            #expect(shown == ["documents.a.txt", "documents.bread.txt"])
            if let cut {
                let (workflow, folder) = try stack.declare(declared)
                // That it fails is what the cut is for.
                _ = try? await stack.open(workflow, folder, Scissors(.after(cut))).apply(taking)
            }
            try await stack.apply(declared, taking)
            #expect(stack.ogx.stores.map(\.id) == [theirs.id])
            #expect(stack.ogx.stores.flatMap(\.attachments).map(\.text) == ["Ours"])
            #expect(stack.ogx.files.count == 1)
            #expect(stack.ogx.stores.first?.metadata["drover.taken"] == nil)
            #expect(try await stack.plan(declared).lines == [])
        }
    }
}
