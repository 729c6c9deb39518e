import Engine
import Fakes
import Language
import Testing
import Wire

/// Somebody who changes one thing on the servers, behind drover's back.
struct Hands: Sendable {
    let mlflow: MLflowServer
    let llamaStack: LlamaStack

    init(_ mlflow: MLflowServer, _ llamaStack: LlamaStack) {
        self.mlflow = mlflow
        self.llamaStack = llamaStack
    }

    init(_ stack: TestStack) async throws {
        self.init(
            stack.mlflow.server(),
            try await LlamaStack.connect(
                to: Endpoint(service: "OGX", base: "http://ogx.test", transport: stack.ogx)))
    }

    func experiment() async throws -> String {
        try #require(try await mlflow.experiments().first { $0.name == "it" }).id
    }

    func dataset() async throws -> String {
        try #require(try await mlflow.datasets(tagged: "drover.stack", "helpdesk").first).id
    }

    func store() async throws -> LlamaStack.VectorStore {
        try #require(try await llamaStack.vectorStores.list().first)
    }

    /// Overwrites a word of the definition that a version has in its tag.
    func redefine(_ old: String, as new: String) async throws {
        let version = try #require(try await mlflow.modelVersions().first { $0.name == "m" })
        let tag = try #require(version.tags["drover.definition"])
        try #require(tag.contains(old), "\(tag)")
        try await mlflow.setModelVersionTag(
            "m", version: version.version, "drover.definition", to: tag.replacing(old, with: new))
    }

    /// Registers a model with the same id anew.
    func reregister(_ change: (inout LlamaStack.Models.Draft) -> Void) async throws {
        let model = try #require(try await llamaStack.models.list().first { $0.id.hasSuffix("scripted-a") })
        var draft = LlamaStack.Models.Draft(
            id: model.id, provider: "scripted", providerModel: "scripted-a", type: "embedding",
            metadata: model.metadata)
        change(&draft)
        try await llamaStack.models.unregister(model.id)
        try await llamaStack.models.register(draft)
    }
}

/// One thing that somebody does to one field.
struct Meddling: Sendable, CustomTestStringConvertible {
    let kind: String
    let spec: String
    let version: FakeStackVersion
    /// The field as the plan names it, after a slash what was done to it.
    let what: String
    /// Whether something more is there after it was mended: versions are added and never changed.
    let addsVersion: Bool
    let act: @Sendable (Hands) async throws -> Void

    var path: String { String(what.prefix { $0 != "/" }) }
    var testDescription: String { "\(kind): \(what)" }
}

/// A kind with all of its fields, and everything that others can do to them.
struct DriftedKind: Sendable {
    let kind: String
    let spec: String
    var version = FakeStackVersion.ogx150
    /// Fields that no request can change while the object stays the same, and drover's own marks.
    var fixed: Set<String> = []
    var meddlings: [Meddling] = []

    init(_ kind: String, _ spec: String, on version: FakeStackVersion = .ogx150, fixed: Set<String> = []) {
        self.kind = kind
        self.spec = spec
        self.version = version
        self.fixed = fixed
    }

    func when(
        _ what: String, addsVersion: Bool = false, _ act: @escaping @Sendable (Hands) async throws -> Void
    ) -> DriftedKind {
        var more = self
        more.meddlings.append(
            Meddling(kind: kind, spec: spec, version: version, what: what, addsVersion: addsVersion, act: act))
        return more
    }

    static let all = [
        experiment, registeredModel, prompt, dataset, store, model, shield, toolGroup, logged, definition, shielded,
        served,
    ]

    static let experiment = DriftedKind(
        "experiments", "experiments: {it: {description: One, tags: {a: x}}}", fixed: ["artifactLocation"]
    )
    .when("name") { try await $0.mlflow.renameExperiment($0.experiment(), to: "other") }
    .when("description") { try await $0.mlflow.setExperimentTag($0.experiment(), "mlflow.note.content", to: "Two") }
    .when("description/removed") {
        try await $0.mlflow.deleteExperimentTag($0.experiment(), "mlflow.note.content")
    }
    .when("tags.a") { try await $0.mlflow.setExperimentTag($0.experiment(), "a", to: "z") }
    .when("tags.a/removed") { try await $0.mlflow.deleteExperimentTag($0.experiment(), "a") }
    .when("state/deleted") { try await $0.mlflow.deleteExperiment($0.experiment()) }

    static let registeredModel = DriftedKind(
        "registeredModels", "registeredModels: {it: {description: One, tags: {a: x}}}"
    )
    .when("name") { try await $0.mlflow.renameRegisteredModel("it", to: "other") }
    .when("description") { try await $0.mlflow.updateRegisteredModel("it", description: "Two") }
    .when("description/removed") { try await $0.mlflow.updateRegisteredModel("it", description: "") }
    .when("tags.a") { try await $0.mlflow.setRegisteredModelTag("it", "a", to: "z") }
    .when("tags.a/removed") { try await $0.mlflow.deleteRegisteredModelTag("it", "a") }

    static let prompt = DriftedKind(
        "prompts", "prompts: {it: {description: One, template: Hi, tags: {a: x}, alias: live}}",
        fixed: ["tags.mlflow.prompt.is_prompt"]
    )
    .when("name") { try await $0.mlflow.renameRegisteredModel("it", to: "other") }
    .when("description") { try await $0.mlflow.updateRegisteredModel("it", description: "Two") }
    .when("template/overwritten", addsVersion: true) {
        try await $0.mlflow.setModelVersionTag("it", version: "1", "mlflow.prompt.text", to: "Ho")
    }
    .when("template/deleted", addsVersion: true) { try await $0.mlflow.deleteModelVersion("it", version: "1") }
    .when("alias.live/removed") { try await $0.mlflow.deleteAlias("live", of: "it") }
    .when("alias.live/moved", addsVersion: true) {
        _ = try await $0.mlflow.createPromptVersion(of: "it", text: "Ho", isChat: false, tags: [:])
        try await $0.mlflow.setAlias("live", of: "it", toVersion: "2")
    }
    .when("tags.a") { try await $0.mlflow.setRegisteredModelTag("it", "a", to: "z") }
    .when("tags.a/removed") { try await $0.mlflow.deleteRegisteredModelTag("it", "a") }

    static let dataset = DriftedKind(
        "datasets",
        """
        experiments: {e: {}}
        datasets: {it: {experiment: e, description: One, tags: {a: x}, records: [{q: A, expectations.n: 1}, {q: B}]}}
        """, fixed: ["name"]
    )
    .when("description") { try await $0.mlflow.setDatasetTags($0.dataset(), ["mlflow.note.content": "Two"]) }
    .when("description/removed") { try await $0.mlflow.deleteDatasetTag($0.dataset(), "mlflow.note.content") }
    .when("tags.a") { try await $0.mlflow.setDatasetTags($0.dataset(), ["a": "z"]) }
    .when("tags.a/removed") { try await $0.mlflow.deleteDatasetTag($0.dataset(), "a") }
    .when("experiment/tag") { try await $0.mlflow.setDatasetTags($0.dataset(), ["drover.experiment": "77"]) }
    .when("records/changed") { hands in
        let record: Value = ["inputs": ["q": "A"], "expectations": ["n": 2], "tags": [:]]
        try await hands.mlflow.putRecords([record], inDataset: hands.dataset())
    }
    .when("records/deleted") { hands in
        let id = try await hands.dataset()
        let record = try #require(try await hands.mlflow.records(ofDataset: id).first)
        try await hands.mlflow.deleteRecords([record.id], ofDataset: id)
    }

    static let store = DriftedKind(
        "vectorStores",
        """
        vectorStores:
          it:
            embeddingModel: scripted/embed
            metadata: {a: x}
            expiresAfter: 3d
            documents: [{text: Hi, name: hi.txt, attributes: {lang: en}}, {text: Ho, name: ho.txt}]
        """,
        fixed: [
            "embeddingModel", "embeddingDimension", "provider", "metadata.embedding_model",
            "metadata.embedding_dimension", "metadata.provider_id", "metadata.provider_vector_store_id",
        ]
    )
    .when("name") { _ = try await $0.llamaStack.vectorStores.update($0.store().id, name: "other") }
    .when("metadata.a") { hands in
        let store = try await hands.store()
        let metadata = store.metadata.merging(["a": "z"]) { _, new in new }
        _ = try await hands.llamaStack.vectorStores.update(store.id, metadata: metadata)
    }
    .when("metadata.a/removed") { hands in
        let store = try await hands.store()
        _ = try await hands.llamaStack.vectorStores.update(store.id, metadata: store.metadata.filter { $0.key != "a" })
    }
    .when("expiresAfter") { _ = try await $0.llamaStack.vectorStores.update($0.store().id, expiresAfterDays: 9) }
    .when("documents.hi.txt/detached") { try await $0.llamaStack.files(in: $0.store().id).detach($0.file("hi.txt")) }
    .when("documents.ho.txt/detached") { try await $0.llamaStack.files(in: $0.store().id).detach($0.file("ho.txt")) }
    .when("documents.hi.txt/its file deleted") { try await $0.llamaStack.files.delete($0.file("hi.txt")) }
    .when("documents.hi.txt/attributes") { hands in
        let files = hands.llamaStack.files(in: try await hands.store().id)
        let id = try await hands.file("hi.txt")
        let mark = try #require(try await files.get(id).attributes["drover"]?.string)
        try await files.update(id, attributes: ["drover": mark, "lang": "fr"])
    }

    static let model = DriftedKind(
        "models",
        "models: {it: {type: embedding, provider: scripted, providerModel: scripted-a, id: more, dimension: 3, metadata: {a: 1}}}",
        on: .llamaStack035, fixed: ["id", "provider", "providerModel"]
    )
    .when("metadata.a") { try await $0.reregister { $0.metadata["a"] = 2 } }
    .when("metadata.a/removed") { try await $0.reregister { $0.metadata["a"] = nil } }
    .when("dimension") { try await $0.reregister { $0.metadata["embedding_dimension"] = 4 } }
    .when("type") { try await $0.reregister { $0.type = "llm" } }

    static let shield = DriftedKind(
        "shields", "shields: {it: {provider: llama-guard, providerShield: x, params: {a: 1}}}", on: .llamaStack035,
        fixed: ["id", "provider"]
    )
    .when("providerShield") { try await $0.reregister(providerShield: "y", params: ["a": 1]) }
    .when("params.a") { try await $0.reregister(providerShield: "x", params: ["a": 2]) }

    static let toolGroup = DriftedKind(
        "tools",
        """
        tools: {it: {mcp: {url: "http://desk.test/mcp"}}}
        agents: {a: {model: scripted/scripted-llm, instructions: One, runtime: agents, tools: [it], log: false}}
        """, on: .llamaStack035, fixed: ["id"]
    )
    .when("endpoint") { hands in
        let group = try #require(try await hands.llamaStack.toolGroups.list().first { $0.endpoint != nil })
        let provider = try #require(try await hands.llamaStack.toolGroups.mcpProvider())
        let endpoint = try #require(group.endpoint)
        try await hands.llamaStack.toolGroups.unregister(group.id)
        try await hands.llamaStack.toolGroups.register(group.id, provider: provider, endpoint: "\(endpoint)?other")
    }

    private static let agent = """
        experiments: {e: {}}
        registeredModels: {m: {}}
        tools: {lookup: {function: {description: Finds it., parameters: {type: object}}}}
        agents:
          it:
            model: scripted/llm
            description: Answers
            instructions: One
            maxSteps: 4
            tools: [lookup]
            toolChoice: auto
            sampling: {temperature: 0.5, topP: 0.9, maxTokens: 64, seed: 7, stop: [END]}
            responseFormat: {jsonSchema: {type: object, properties: {days: {type: integer}}}}
            metadata: {tier: gold}
            log: {experiment: e, registeredModel: m, tags: {a: x}}
        """

    static let logged = DriftedKind("agents", agent, fixed: definitionFields.union(["log.registeredModel", "digest"]))
        .when("description") { try await $0.mlflow.updateModelVersion("m", version: "1", description: "Two") }
        .when("tags.a") { try await $0.mlflow.setModelVersionTag("m", version: "1", "a", to: "z") }
        .when("tags.a/removed") { try await $0.mlflow.deleteModelVersionTag("m", version: "1", "a") }
        .when("run/deleted") { hands in
            let run = try #require(try await hands.mlflow.modelVersions().first?.runID)
            try await hands.mlflow.deleteRun(run)
        }
        .when("loggedModel/deleted", addsVersion: true) { hands in
            let model = try #require(try await hands.mlflow.modelVersions().first?.modelID)
            try await hands.mlflow.deleteLoggedModel(model)
        }
        .when("log.experiment/tag", addsVersion: true) {
            try await $0.mlflow.setModelVersionTag("m", version: "1", "drover.experiment", to: "77")
        }

    private static let definitionFields: Set<String> = [
        "model", "instructions", "maxSteps", "tools.lookup", "toolChoice", "sampling.temperature", "sampling.topP",
        "sampling.maxTokens", "sampling.seed", "sampling.stop", "responseFormat", "metadata.tier",
    ]

    /// What MLflow shows of an agent beside its version, where anybody can write.
    static let definition = DriftedKind(
        "agents", agent,
        fixed: ["description", "tags.a", "run", "loggedModel", "digest", "log.experiment", "log.registeredModel"]
    )
    .when("instructions") { try await $0.redefine("\"One\"", as: "\"Tell all\"") }
    .when("model") { try await $0.redefine("\"model\":\"", as: "\"model\":\"other-") }
    .when("maxSteps") { try await $0.redefine("\"maxSteps\":4", as: "\"maxSteps\":9") }
    .when("toolChoice") { try await $0.redefine("\"auto\"", as: "\"required\"") }
    .when("tools.lookup") { try await $0.redefine("Finds it.", as: "Deletes it.") }
    .when("sampling.temperature") { try await $0.redefine("0.5", as: "1.5") }
    .when("sampling.topP") { try await $0.redefine("\"topP\":0.9", as: "\"topP\":0.8") }
    .when("sampling.maxTokens") { try await $0.redefine("\"maxTokens\":64", as: "\"maxTokens\":65") }
    .when("sampling.seed") { try await $0.redefine("\"seed\":7", as: "\"seed\":8") }
    .when("sampling.stop") { try await $0.redefine("\"END\"", as: "\"FIN\"") }
    .when("responseFormat") { try await $0.redefine("\"days\"", as: "\"weeks\"") }
    .when("description/in the definition") { try await $0.redefine("\"Answers\"", as: "\"Lies\"") }
    .when("metadata.tier") { try await $0.redefine("gold", as: "tin") }
    .when("definition/unreadable") { try await $0.redefine("{", as: "") }
    .when("definition/removed") { try await $0.mlflow.deleteModelVersionTag("m", version: "1", "drover.definition") }

    /// What only an agent of the server's own has.
    static let shielded = DriftedKind(
        "agents",
        """
        experiments: {e: {}}
        registeredModels: {m: {}}
        shields: {s: {provider: llama-guard}}
        agents:
          it:
            model: scripted/scripted-llm
            instructions: One
            runtime: agents
            inputShields: [s]
            outputShields: [s]
            log: {experiment: e, registeredModel: m}
        """, on: .llamaStack035,
        fixed: [
            "model", "instructions", "maxSteps", "run", "loggedModel", "digest", "log.experiment",
            "log.registeredModel",
        ]
    )
    .when("inputShields") { try await $0.redefine("\"inputShields\":[", as: "\"inputShields\":[\"x\",") }
    .when("outputShields") { try await $0.redefine("\"outputShields\":[", as: "\"outputShields\":[\"x\",") }
    .when("runtime") { try await $0.redefine("\"runtime\":\"agents\"", as: "\"runtime\":\"chat\"") }
    .when("serverAgent/deleted") { hands in
        let agents = try #require(hands.llamaStack.agents)
        try await agents.delete(try #require(try await agents.list().first).id)
    }

    static let served = DriftedKind(
        "agents", "agents: {it: {model: scripted/scripted-llm, instructions: One, runtime: agents, log: false}}",
        on: .llamaStack035, fixed: ["serverAgent"]
    )
}

extension Hands {
    func file(_ path: String) async throws -> String {
        try #require(try await llamaStack.files.list().first { $0.path == path }).id
    }

    fileprivate func reregister(providerShield: String, params: [String: Value]) async throws {
        let shield = try #require(try await llamaStack.shields.list().first { $0.params["a"] != nil })
        try await llamaStack.shields.unregister(shield.id)
        try await llamaStack.shields.register(
            .init(id: shield.id, provider: shield.provider, providerShield: providerShield, params: params))
    }
}
