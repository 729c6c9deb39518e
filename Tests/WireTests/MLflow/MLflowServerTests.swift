import Fakes
import Language
import Testing
import Wire

@Suite("MLflowServer")
struct MLflowServerTests {
    @Test("Every listing is read to its last page")
    func pages() async throws {
        let fake = FakeMLflow(pageSize: 2)
        let server = fake.server()
        for name in ["a", "b", "c", "d", "e"] {
            let id = try await server.createExperiment(name)
            let run = try await server.createRun(inExperiment: id, name: name, startTime: 1)
            try await server.createRegisteredModel(name)
            let model = try await server.createLoggedModel(
                MLflowNewLoggedModel(
                    experimentID: id, name: name, type: "agent", runID: run.id, params: [:], tags: [:]))
            _ = try await server.createModelVersion(
                MLflowNewVersion(name: name, modelID: model.id, runID: run.id, description: "", tags: [:]))
        }
        let ids = try await server.experiments().map(\.id)
        #expect(ids.count == 6, "five and `Default`")
        #expect(try await server.registeredModels().map(\.name) == ["a", "b", "c", "d", "e"])
        #expect(try await server.modelVersions().count == 5)
        #expect(try await server.runs(inExperiments: ids).count == 5)
        #expect(try await server.loggedModels(inExperiments: ids).count == 5)
    }

    @Test("What a page repeats of the page before, since something new came to stand before it, is listed once")
    func shiftedPages() async throws {
        let page = { (ids: [Int]) in
            ids.map { #"{"experiment_id": "\#($0)", "name": "e\#($0)"}"# }.joined(separator: ", ")
        }
        let transport = ScriptedTransport([
            .json(#"{"experiments": [\#(page([3, 2]))], "next_page_token": "2"}"#),
            .json(#"{"experiments": [\#(page([2, 1]))], "next_page_token": "4"}"#),
            .json(#"{"experiments": [\#(page([0]))]}"#),
        ])
        let server = MLflowServer(Endpoint(service: "MLflow", base: FakeMLflow.base, transport: transport))
        #expect(try await server.experiments().map(\.id) == ["3", "2", "1", "0"])
    }

    @Test("A page that names one as the next that was there before ends the listing with an error")
    func repeatedPages() async throws {
        let pages = (1...9).map { number in
            ScriptedTransport.Step.json(
                #"{"experiments": [{"experiment_id": "\#(number)", "name": "e"}], "next_page_token": "\#(number % 3)"}"#
            )
        }
        let transport = ScriptedTransport(pages)
        let server = MLflowServer(Endpoint(service: "MLflow", base: FakeMLflow.base, transport: transport))
        let error = await #expect(throws: WireError.self) { try await server.experiments() }
        #expect(error?.cause == .unreadable && transport.requests.count == 4)
    }

    @Test("Versions are asked for in an order that no update changes, and come newest first within each model")
    func versionOrder() async throws {
        let version = { (name: String, number: Int) in #"{"name": "\#(name)", "version": "\#(number)"}"# }
        let transport = ScriptedTransport([
            .json(#"{"model_versions": [\#(version("a", 1)), \#(version("a", 2))], "next_page_token": "2"}"#),
            .json(#"{"model_versions": [\#(version("a", 10)), \#(version("b", 1))]}"#),
        ])
        let server = MLflowServer(Endpoint(service: "MLflow", base: FakeMLflow.base, transport: transport))
        #expect(try await server.modelVersions().map(\.id) == ["a/10", "a/2", "a/1", "b/1"])
        #expect(
            transport.requests.allSatisfy { $0.url.contains("&order_by=name%20ASC&order_by=version_number%20ASC") })
    }

    @Test("Numbers that JSON does not have are read in records, as Python writes them")
    func pythonNumbers() async throws {
        let records =
            #"[{"dataset_record_id": "dr-1", "inputs": {"q": "NaN \" Infinity", "x": [NaN, -Infinity]}, "#
            + #""expectations": {"y": Infinity}}]"#
        let answer = Value.object(["records": .string(records)]).canonicalJSON
        let server = MLflowServer(
            Endpoint(service: "MLflow", base: FakeMLflow.base, transport: ScriptedTransport([.json(answer)])))
        let record = try #require(try await server.records(ofDataset: "d-1").first)
        #expect(record.inputs == ["q": "NaN \" Infinity", "x": ["NaN", "-Infinity"]])
        #expect(record.expectations == ["y": "Infinity"])
        #expect(throws: (any Error).self) { try Value(pythonJSON: "[NaN") }
        #expect(throws: (any Error).self) { try Value(pythonJSON: "[nan]") }
    }

    @Test("A file that is not there is told from one that cannot be read, also where all failures are 500")
    func missingArtifacts() async throws {
        let folder = try MLflowArtifactFolder(uri: "mlflow-artifacts:/0")
        for version in ["3.17.2", "3.5.1"] {
            let fake = FakeMLflow(version: version)
            let server = fake.server()
            #expect(try await server.artifactIfPresent(named: "drover/a.json", in: folder) == nil)
            try await server.putArtifact([1], named: "drover/b.json", in: folder)
            #expect(try await server.artifactIfPresent(named: "drover/a.json", in: folder) == nil)
            #expect(try await server.artifactIfPresent(named: "drover/b.json", in: folder) == [1])
            let failing = Interposed(fake) { request, send in
                request.url.hasSuffix("/b.json") ? HTTPResponse(status: 500) : try await send()
            }
            let error = await #expect(throws: WireError.self) {
                try await failing.mlflow.artifactIfPresent(named: "drover/b.json", in: folder)
            }
            #expect(error?.status == 500)
        }
    }

    @Test("A deleted experiment is listed as deleted, and can be restored")
    func deletedExperiment() async throws {
        let server = FakeMLflow().server()
        let id = try await server.createExperiment("a", tags: ["team": "x"])
        try await server.deleteExperiment(id)
        try await server.deleteExperiment(id)
        #expect(try await server.experiments(where: MLflowFilter.name("a")).map(\.isDeleted) == [true])
        await #expect(throws: WireError.self) { try await server.createExperiment("a") }
        try await server.restoreExperiment(id)
        #expect(try await server.experiments(where: MLflowFilter.tag("team", "x")).map(\.isDeleted) == [false])
    }

    @Test("A name that is taken can be told from every other refusal")
    func alreadyThere() async throws {
        let server = FakeMLflow().server()
        try await server.createRegisteredModel("a")
        let taken = await #expect(throws: WireError.self) { try await server.createRegisteredModel("a") }
        #expect(taken?.isAlreadyThere == true)
        let refused = await #expect(throws: WireError.self) { try await server.createRegisteredModel("a/b") }
        #expect(refused?.isAlreadyThere == false)
    }

    struct Removal: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let run: @Sendable (MLflowServer) async throws -> Void
    }

    @Test(
        "Removing what is not there is no error",
        arguments: [
            Removal(testDescription: "registered model") { try await $0.deleteRegisteredModel("nope") },
            Removal(testDescription: "tag of a model") { try await $0.deleteRegisteredModelTag("nope", "k") },
            Removal(testDescription: "alias") { try await $0.deleteAlias("prod", of: "nope") },
            Removal(testDescription: "version") { try await $0.deleteModelVersion("nope", version: "1") },
            Removal(testDescription: "tag of a version") {
                try await $0.deleteModelVersionTag("nope", version: "1", "k")
            },
            Removal(testDescription: "tag of an experiment") { try await $0.deleteExperimentTag("0", "nope") },
            Removal(testDescription: "experiment") { try await $0.deleteExperiment("77") },
            Removal(testDescription: "run") { try await $0.deleteRun("nope") },
            Removal(testDescription: "logged model") { try await $0.deleteLoggedModel("m-nope") },
        ])
    func removals(_ removal: Removal) async throws {
        try await removal.run(FakeMLflow().server())
    }

    @Test("What would be made twice is sent once, whatever happens to the answer")
    func sentOnce() async throws {
        let fake = FakeMLflow()
        let server = fake.server(attempts: 3)
        fake.cut(.answer(1))
        await #expect(throws: WireError.self) { try await server.createRun(inExperiment: "0", name: "r", startTime: 1) }
        #expect(fake.store.runs.count == 1)
        fake.cut(.answer(1))
        let new = MLflowNewLoggedModel(
            experimentID: "0", name: "m", type: "agent", runID: "", params: [:], tags: [:])
        await #expect(throws: WireError.self) { try await server.createLoggedModel(new) }
        #expect(fake.store.loggedModels.count == 1)
    }

    @Test("What can be repeated is, and a repeated restore or output that the server refuses is taken for done")
    func repeated() async throws {
        let fake = FakeMLflow()
        let server = fake.server(attempts: 3)
        let run = try await server.createRun(inExperiment: "0", name: "r", startTime: 1)
        let model = try await server.createLoggedModel(
            MLflowNewLoggedModel(experimentID: "0", name: "m", type: "agent", runID: run.id, params: [:], tags: [:]))
        fake.cut(.answer(1))
        try await server.addOutput(model.id, toRun: run.id)
        #expect(try await server.run(run.id).outputs == [model.id])
        try await server.deleteExperiment("0")
        fake.cut(.answer(1))
        try await server.restoreExperiment("0")
        #expect(fake.store.experiments.map(\.isDeleted) == [false])
    }

    @Test("An output that the run did not get is an error")
    func refusedOutput() async throws {
        let fake = FakeMLflow()
        let server = fake.server()
        let run = try await server.createRun(inExperiment: "0", name: "r", startTime: 1)
        try await server.deleteRun(run.id)
        await #expect(throws: WireError.self) { try await server.addOutput("m-1", toRun: run.id) }
    }

    @Test("Aliases move, and are listed with the registered model")
    func aliases() async throws {
        let server = FakeMLflow().server()
        try await server.createRegisteredModel("a", description: "d", tags: ["k": ""])
        let model = try await server.createLoggedModel(
            MLflowNewLoggedModel(experimentID: "0", name: "m", type: "agent", runID: "", params: [:], tags: [:]))
        for _ in 1...2 {
            _ = try await server.createModelVersion(
                MLflowNewVersion(name: "a", modelID: model.id, runID: "", description: "", tags: [:]))
        }
        try await server.setAlias("prod", of: "a", toVersion: "1")
        try await server.setAlias("prod", of: "a", toVersion: "2")
        let listed = try #require(try await server.registeredModels().first)
        #expect(listed.aliases == ["prod": "2"])
        #expect(listed.tags == ["k": ""])
        #expect(listed.description == "d")
        try await server.deleteAlias("prod", of: "a")
        #expect(try await server.registeredModels().first?.aliases == [:])
    }

    @Test("Prompts are listed only when the filter asks for them")
    func prompts() async throws {
        let server = FakeMLflow().server()
        let tag = MLflowRegisteredModel.promptTag
        try await server.createRegisteredModel("p", tags: [tag: "true"])
        #expect(try await server.registeredModels().isEmpty)
        #expect(try await server.registeredModels(where: MLflowFilter.tag(tag, "true")).map(\.tags[tag]) == ["true"])
    }

    @Test("Files go through the server and come back, whatever their names")
    func artifacts() async throws {
        let server = FakeMLflow().server()
        let folder = try MLflowArtifactFolder(uri: "mlflow-artifacts:/1/models/m-1/artifacts")
        try await server.putArtifact([1, 2], named: "a é.bin", in: folder)
        #expect(try await server.artifact(named: "a é.bin", in: folder) == [1, 2])
        try await withTemporaryPath { path in
            let file = try NewFile(path)
            try Array("streamed".utf8).withUnsafeBytes { try file.write($0) }
            try await server.putArtifact(file.content, named: "a é.bin", in: folder)
        }
        #expect(try await server.artifact(named: "a é.bin", in: folder) == Array("streamed".utf8))
        #expect(try await server.artifacts(in: folder).map(\.path) == ["a é.bin"])
        #expect(try await server.artifacts(in: MLflowArtifactFolder(uri: "mlflow-artifacts:/2")).isEmpty)
    }

    @Test("Artifacts that the server does not keep are refused with the place", arguments: ["s3://b/x", "file:///x"])
    func foreignArtifacts(uri: String) throws {
        let diagnostic = #expect(throws: Diagnostic.self) { try MLflowArtifactFolder(uri: uri) }
        #expect(diagnostic?.code == "artifacts-not-served")
        #expect(diagnostic?.detail.contains(uri) == true)
    }

    @Test("The version is read as text, and a server without `server-info` has none")
    func version() async throws {
        let server = FakeMLflow().server()
        #expect(try await server.version() == "3.17.2")
        #expect(try await server.info()?.workspacesEnabled == false)
        #expect(try await FakeMLflow(version: "3.5.1").server().info() == nil)
    }

    @Test("A filter takes the quotes that its value leaves free")
    func filters() {
        #expect(MLflowFilter.name("a") == "name = 'a'")
        #expect(MLflowFilter.name("it's") == "name = \"it's\"")
        #expect(MLflowFilter.name("it's \"x\"") == nil)
        #expect(MLflowFilter.tag("k", "v") == "tags.`k` = 'v'")
    }
}
