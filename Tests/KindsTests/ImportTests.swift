import Engine
import Fakes
import Kinds
import Language
import Testing
import Wire

/// Objects that exist and become parts of a stack.
@Suite("Imports")
struct ImportTests {
    private static func imported(_ id: String, as address: Address, _ spec: String, _ stack: TestStack) async throws {
        let run = try await stack.open(spec)
        let driver = try #require(run.drivers.first { $0.kind == address.kind })
        #expect(driver.importKey != nil)
        #expect(try await driver.find("nothing-of-this-name", of: run.workflow.stack)?.label == nil)
        let member = try #require(try await driver.find(id, of: run.workflow.stack), "\(id)")
        let context = ApplyContext(stack: run.workflow.stack, record: run.store, progress: { _ in })
        let fields = try await driver.mark(member, as: address, in: context)
        var entries = try await run.store.load().entries
        var entry = Record.Entry(fields: fields)
        if member.ownership == .unmarked { entry.isAdopted = true }
        entries[address.description] = entry
        try await run.store.save(entries)
    }

    @Test("An object of each kind is found by its id, and then changed instead of made")
    func kinds() async throws {
        let kept = """
            experiments: {old: {onDelete: retain}}
            registeredModels: {old: {onDelete: retain}}
            prompts: {old-prompt: {template: One, onDelete: retain}}
            vectorStores: {old: {embeddingModel: scripted/embed, embeddingDimension: 384, onDelete: retain}}
            """
        let stack = try TestStack()
        try await stack.apply(kept)
        try await stack.apply("", Permissions(allowEmpty: true))
        let store = try #require(stack.ogx.stores.first?.id)
        let cases = [
            ("experiments", "old", "{}"), ("registeredModels", "old", "{}"),
            ("prompts", "old-prompt", "{template: One}"),
            ("vectorStores", store, "{embeddingModel: scripted/embed, embeddingDimension: 384}"),
        ]
        for (kind, id, declared) in cases {
            // Prompts and registered models share their names.
            let name = "new-\(kind.lowercased())"
            let spec = "\(kind): {\(name): \(declared)}"
            let address = Address(kind, name)
            #expect(try await stack.plan(spec).lines.first?.hasPrefix("create \(address)") == true, "\(kind)")
            try await Self.imported(id, as: address, spec, stack)
            #expect(try await stack.plan(spec).lines == ["update \(address): name"], "\(kind)")
            try await stack.apply(spec)
            #expect(try await stack.plan(spec).lines == [], "\(kind)")
            try await stack.apply("", Permissions(allowEmpty: true))
        }
    }

    @Test("A store is found by its name, too, unless several have it")
    func storeByName() async throws {
        let stack = try TestStack()
        let spec = "vectorStores: {kb: {embeddingModel: scripted/embed, embeddingDimension: 384}}"
        let run = try await stack.open(spec)
        let stores = try #require(run.servers.llamaStack).vectorStores
        func make() async throws -> String {
            try await stores.create(
                .init(name: "theirs", metadata: [:], embeddingModel: "scripted/embed", embeddingDimension: 384)
            ).id
        }
        let first = try await make()
        let driver = try #require(run.drivers.first { $0.kind == "vectorStores" })
        let found = try await driver.find("theirs", of: run.workflow.stack)
        #expect(found?.label == "vector store \(first) (theirs)")
        let second = try await make()
        let thrown = await #expect(throws: Diagnostic.self) { try await driver.find("theirs", of: run.workflow.stack) }
        #expect(thrown?.code.name == "several-of-one-name" && thrown?.cause == .usage)
        #expect(thrown?.detail.contains(first) == true && thrown?.detail.contains(second) == true)
        #expect(try await driver.find(second, of: run.workflow.stack)?.label == "vector store \(second) (theirs)")
    }

    @Test("A dataset that somebody made is taken with its records, and kept when its declaration leaves the spec")
    func dataset() async throws {
        let stack = try TestStack()
        let server = stack.mlflow.server()
        try await stack.apply("experiments: {e: {}}")
        let experiment = try #require(stack.mlflow.store.experiments.first { $0.name == "e" }?.id)
        let made = try await server.createDataset("theirs", inExperiment: experiment, tags: ["team": "sales"])
        try await server.putRecords([["inputs": ["q": "One"], "expectations": ["a": 1]]], inDataset: made.id)
        let spec = "experiments: {e: {}}\ndatasets: {d: {name: theirs, experiment: e, records: [{q: Two}]}}"
        try await Self.imported(made.id, as: Address("datasets", "d"), spec, stack)
        #expect(try await stack.plan(spec).lines == ["update datasets.d: records.Two"])
        try await stack.apply(spec)
        #expect(try await stack.plan(spec).lines == [])
        let dataset = try #require(stack.mlflow.store.datasets.first)
        #expect(stack.mlflow.store.datasets.count == 1 && dataset.records.count == 2)
        try await stack.apply("experiments: {e: {}}")
        let left = try #require(stack.mlflow.store.datasets.first)
        #expect(left.tags.keys.filter { $0.hasPrefix("drover.") } == ["drover.retained"])
        #expect(left.tags["team"] == "sales")
    }

    @Test("A version that somebody logged becomes an agent's: a new one follows it, and neither is deleted with it")
    func agent() async throws {
        let spec = """
            experiments: {e: {}}
            registeredModels: {m: {}}
            agents: {a: {model: scripted/llm, instructions: One, log: {experiment: e, registeredModel: m}}}
            """
        let stack = try TestStack()
        try await stack.apply(spec)
        try await stack.apply(spec.replacing("agents: {a: {", with: "agents: {a: {onDelete: retain, "))
        try await stack.apply("experiments: {e: {}}\nregisteredModels: {m: {}}")
        let other = spec.replacing("agents: {a: {", with: "agents: {b: {")
        for id in ["models:/m/2", "m", "m/x", "models:/none/1"] {
            let run = try await stack.open(other)
            let driver = try #require(run.drivers.first { $0.kind == "agents" })
            #expect(try await driver.find(id, of: run.workflow.stack) == nil, "\(id)")
        }
        try await Self.imported("models:/m/1", as: Address("agents", "b"), other, stack)
        let plan = try await stack.plan(other).lines
        #expect(plan.count == 1 && plan.first?.hasPrefix("update agents.b") == true, "\(plan)")
        try await stack.apply(other)
        #expect(try await stack.plan(other).lines == [])
        #expect(stack.mlflow.store.versions.map(\.number) == [1, 2])
    }

    @Test(
        "What was adopted stays when its declaration leaves the spec, unless the spec says otherwise",
        arguments: [true, false])
    func adopted(isDeleted: Bool) async throws {
        let stack = try TestStack()
        try await stack.mlflow.server().createRegisteredModel("unused")
        try await stack.mlflow.server().createPrompt("p", description: "", tags: [:])
        let spec = "prompts: {p: {template: One\(isDeleted ? ", onDelete: delete" : "")}}"
        try await stack.apply(spec, Permissions(adopt: true))
        try await stack.apply(spec.replacing("One", with: "Two"))
        try await stack.apply("", Permissions(allowEmpty: true))
        #expect(stack.mlflow.store.registeredModels.map(\.name) == (isDeleted ? ["unused"] : ["unused", "p"]))
    }

    @Test("What was adopted, kept, and taken up again is still somebody else's making")
    func adoptedTwice() async throws {
        let stack = try TestStack()
        try await stack.mlflow.server().createPrompt("p", description: "", tags: [:])
        let spec = "prompts: {p: {template: One}}"
        try await stack.apply(spec, Permissions(adopt: true))
        for _ in 1...2 {
            try await stack.apply("", Permissions(allowEmpty: true))
            #expect(stack.mlflow.store.registeredModels.map(\.name) == ["p"])
            try await stack.apply(spec)
        }
        #expect(try await stack.open(spec).store.load().entries["prompts.p"]?.isAdopted == true)
    }

    @Test("What was adopted needs no server once its declaration has left the spec", arguments: [false, true])
    func adoptedBefore(isGone: Bool) async throws {
        let stack = try TestStack()
        let server = stack.mlflow.server()
        try await server.createPrompt("p", description: "", tags: [:])
        let spec = "prompts: {p: {template: One}}"
        try await stack.apply(spec, Permissions(adopt: true))
        #expect(Kinds.standard.needs(of: try await stack.open(spec).store.load()) == Needs(mlflow: true))
        if isGone { try await server.deleteRegisteredModel("p") }
        try await stack.apply("", Permissions(allowEmpty: true))
        let record = try await stack.open("").store.load()
        #expect(Kinds.standard.needs(of: record) == Needs())
        #expect(record.entries["prompts.p"]?.isAdopted == true)
    }

    @Test("What cannot carry a mark is known by the record once it is imported")
    func natural() async throws {
        let stack = try TestStack(ogx: FakeOGX(.llamaStack035))
        try await stack.apply("shields: {old: {provider: llama-guard, onDelete: retain}}")
        try await stack.apply("", Permissions(allowEmpty: true))
        let spec = "shields: {new: {id: old, provider: llama-guard}}"
        try await Self.imported("old", as: Address("shields", "new"), spec, stack)
        #expect(try await stack.plan(spec).lines == [])
    }
}
