import Engine
import Fakes
import Kinds
import Language
import Testing
import Wire

@Suite("Renamed declarations")
struct RenamedTests {
    private static let allowingEmpty = Permissions(allowEmpty: true)

    @Test(
        "A declaration with another name and the same live name is refused, which says how to write it",
        arguments: ["experiments", "registeredModels", "prompts"])
    func renamed(kind: String) async throws {
        let stack = try TestStack()
        let rest = kind == "prompts" ? "name: live, template: hi" : "name: live"
        try await stack.apply("\(kind): {before: {\(rest)}}")
        let thrown = await #expect(throws: Diagnostics.self) { try await stack.plan("\(kind): {after: {\(rest)}}") }
        #expect(thrown?.all.map(\.code.name) == ["not-moved"])
        #expect(thrown?.all.first?.fix?.contains("`moved: before`") == true)
        try await stack.apply("\(kind): {after: {\(rest), moved: before}}")
        #expect(try await stack.plan("\(kind): {after: {\(rest)}}").isEmpty)
    }

    @Test(
        "A live name that only changes its Unicode normalisation is changed with all else, and then nothing is left to do",
        arguments: ["experiments", "registeredModels"])
    func normalised(kind: String) async throws {
        let stack = try TestStack()
        func spec(_ name: String, _ team: String) -> String {
            "\(kind): {it: {name: \"\(name)\", tags: {team: \(team)}}}"
        }
        let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
        try await stack.apply(spec(composed, "a"))
        #expect(try await stack.plan(spec(decomposed, "b")).lines == ["update \(kind).it: name, tags.team"])
        try await stack.apply(spec(decomposed, "b"))
        #expect(try await stack.plan(spec(decomposed, "b")).lines == [])
        let store = stack.mlflow.store
        let names = store.registeredModels.map(\.name) + store.experiments.map(\.name)
        #expect(names.contains { $0.isExactly(decomposed) } && !names.contains { $0.isExactly(composed) }, "\(names)")
    }

    @Test("A model with another name and the same id is refused, too: it would be registered and then removed")
    func renamedModel() async throws {
        let stack = try TestStack(ogx: FakeOGX(.llamaStack0224))
        func spec(_ name: String, _ more: String = "") -> String {
            "models: {\(name): {id: scripted-more, provider: scripted\(more)}}"
        }
        try await stack.apply(spec("before"))
        let thrown = await #expect(throws: Diagnostics.self) { try await stack.plan(spec("after")) }
        #expect(thrown?.all.map(\.code.name) == ["not-moved"])
        try await stack.apply(spec("after", ", moved: before"))
        #expect(try await stack.plan(spec("after")).isEmpty)
        let both = "models: {a: {id: scripted-more, provider: scripted}, b: {id: scripted-more, provider: scripted}}"
        let (workflow, folder) = try stack.declare(both)
        #expect(Kinds.standard.conflicts(workflow.declarations, folder).map(\.code.name) == ["shared-id"])
    }

    @Test("What is renamed never takes somebody else's object instead")
    func blocked() async throws {
        let stack = try TestStack()
        try await stack.apply("experiments: {before: {}}")
        _ = try await stack.mlflow.server().createExperiment("after")
        let renamed = "experiments: {after: {moved: before}}"
        for permissions in [Permissions(), Permissions(adopt: true)] {
            let thrown = await #expect(throws: Diagnostics.self) { try await stack.plan(renamed, permissions) }
            #expect(thrown?.all.map(\.code.name) == ["move-blocked"])
        }
        #expect(try await stack.plan("experiments: {after: {moved: before, name: before}}").lines.count == 1)
    }

    @Test("Where names are not unique, what is renamed stays the same object beside one of that name")
    func beside() async throws {
        let stack = try TestStack()
        let server = try await LlamaStack.connect(
            to: Endpoint(service: "OGX", base: "http://ogx.test", transport: stack.ogx))
        func spec(_ name: String, _ more: String = "") -> String {
            "vectorStores: {\(name): {embeddingModel: scripted/embed\(more)}}"
        }
        try await stack.apply(spec("before"))
        let ours = try #require(stack.ogx.stores.first).id
        for tags in [[:], Mark(stack: StackName("others"), address: Address("vectorStores", "after")).tags] {
            _ = try await server.vectorStores.create(
                .init(name: "after", metadata: tags, embeddingModel: "scripted/embed"))
        }
        let renamed = spec("after", ", moved: before")
        #expect(try await stack.plan(renamed).lines.map { $0.prefix { $0 != ":" } } == ["update vectorStores.after"])
        try await stack.apply(renamed)
        #expect(stack.ogx.stores.count == 3 && stack.ogx.stores.contains { $0.id == ours && $0.name == "after" })
        #expect(try await stack.plan(spec("after")).isEmpty)
    }

    @Test("A prompt that holds somebody else's version is refused by the plan already")
    func foreignVersion() async throws {
        let stack = try TestStack()
        try await stack.apply("prompts: {p: {template: hi}}")
        _ = try await stack.mlflow.server().createPromptVersion(of: "p", text: "Theirs", isChat: false, tags: [:])
        let thrown = await #expect(throws: Diagnostics.self) { try await stack.plan("", Self.allowingEmpty) }
        #expect(thrown?.all.map(\.code.name) == ["holds-versions"])
    }

    @Test("A dataset that holds somebody else's record is refused by the plan already")
    func foreignRecord() async throws {
        let stack = try TestStack()
        try await stack.apply("experiments: {e: {}}\ndatasets: {d: {experiment: e, records: [{inputs: {q: a}}]}}")
        let dataset = try #require(stack.mlflow.store.datasets.first)
        try await stack.mlflow.server().putRecords([["inputs": ["q": "theirs"]]], inDataset: dataset.id)
        let thrown = await #expect(throws: Diagnostics.self) { try await stack.plan("experiments: {e: {}}") }
        #expect(thrown?.all.map(\.code.name) == ["holds-records"])
    }

    @Test("An object whose mark somebody removed is drift, and the plan says what happened to it")
    func unmarked() async throws {
        let stack = try TestStack()
        let spec = "experiments: {e: {}}"
        try await stack.apply(spec)
        let experiment = try #require(try await stack.mlflow.server().experiments().first { $0.name == "e" })
        for key in [Mark.stackKey, Mark.addressKey] {
            try await stack.mlflow.server().deleteExperimentTag(experiment.id, key)
        }
        let thrown = await #expect(throws: Diagnostics.self) { try await stack.plan(spec) }
        #expect(thrown?.all.map(\.code.name) == ["not-ours"])
        #expect(thrown?.all.first?.detail.contains("somebody removed drover's mark") == true)
        let drift = try await stack.plan(spec, Permissions(adopt: true)).drift
        #expect(drift.changes.compactMap(\.note) == ["its mark was removed outside"] && !drift.isEmpty)
    }

    @Test("What another stack took over is drift")
    func takenOver() async throws {
        let stack = try TestStack()
        let spec = "experiments: {e: {}}"
        try await stack.apply(spec)
        let experiment = try #require(try await stack.mlflow.server().experiments().first { $0.name == "e" })
        try await stack.mlflow.server().setExperimentTag(experiment.id, Mark.stackKey, to: "others")
        let drift = try await stack.plan(spec, Permissions(adopt: true, takeOver: true)).drift
        #expect(drift.changes.compactMap(\.note) == ["taken over from the stack `others`"] && !drift.isEmpty)
    }
}
