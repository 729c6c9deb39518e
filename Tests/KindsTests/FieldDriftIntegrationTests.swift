import Engine
import Fakes
import Foundation
import Language
import Support
import Testing
import Wire

/// Every field of every kind changed behind drover's back on real servers, one at a time, and an object of every kind deleted:
/// the plan names it as drift, an apply restores it, and both servers hold what they held before.
///
/// `DROVER_DRIFT=all` tries all of it, on OGX and on Llama Stack 0.3.5; else it is a sample on OGX. Models are left out: the
/// lab's servers take no second one.
@Suite(.serialized) struct FieldDriftIntegrationTests {
    struct Generation: Sendable, CustomTestStringConvertible {
        /// As `drover lab up --stack` takes it.
        let stack: String
        let version: FakeStackVersion

        var testDescription: String { stack }
    }

    private static let isWhole = ProcessInfo.processInfo.environment["DROVER_DRIFT"] == "all"
    private static let generations =
        [Generation(stack: "ogx", version: .ogx150)]
        + (isWhole ? [Generation(stack: "0.3.5", version: .llamaStack035)] : [])

    @Test(
        "What somebody changed or deleted is named, and restored, and nothing else is touched", arguments: generations)
    func sweep(generation: Generation) async throws {
        let incidents = Incident.all(on: generation.version, isWhole: Self.isWhole)
        try #require(!incidents.isEmpty)
        try await withTemporaryDirectory { directory in
            let drover = DroverProgram(in: directory)
            try DriftedLab.succeed(
                await drover("lab", "up", "--stack", generation.stack, "--start-limit", "240"))
            do {
                try await AsyncHTTPTransport.withTransport(connections: 16) { transport in
                    let lab = try await DriftedLab(drover, directory, transport)
                    for incident in incidents { try await lab.tell(incident) }
                }
                print("drift on \(generation.stack): \(incidents.count) incidents")
            } catch {
                _ = try await drover("lab", "down", "--purge")
                throw error
            }
            try DriftedLab.succeed(await drover("lab", "down", "--purge"))
        }
    }
}

/// Something that somebody does to one object.
struct Incident: Sendable {
    let kind: String
    let what: String
    let spec: String
    /// The field that the plan names; nil where the whole object is deleted.
    let path: String?
    /// Whether something more is there after it was mended.
    let addsVersion: Bool
    let act: @Sendable (Hands) async throws -> Void

    /// Those of one version of the server: all of them, or of each kind the first and the last.
    static func all(on version: FakeStackVersion, isWhole: Bool) -> [Incident] {
        let kinds = DriftedKind.all.filter { $0.version == version && $0.kind != "models" }
        let changes = kinds.flatMap { each in
            let meddlings = each.meddlings
            return isWhole ? meddlings : [meddlings.first, meddlings.last].compactMap(\.self)
        }.map { each in
            Incident(
                kind: each.kind, what: each.what, spec: each.spec,
                path: each.path == "alias.live" ? "alias" : each.path, addsVersion: each.addsVersion, act: each.act)
        }
        let deletions = FieldDriftTests.deletions.filter { each, _ in
            each.version == version && each.kind != "models" && (isWhole || each.kind == "vectorStores")
        }.map { each, act in
            Incident(
                kind: each.kind, what: "deleted", spec: each.spec, path: nil, addsVersion: each.kind == "agents",
                act: act)
        }
        return changes + deletions
    }
}

/// A lab in which somebody meddles with the servers.
private struct DriftedLab {
    private let drover: DroverProgram
    private let directory: String
    private let hands: Hands
    private let urls: (mlflow: String, llamaStack: String)

    init(_ drover: DroverProgram, _ directory: String, _ transport: AsyncHTTPTransport) async throws {
        let lab = try Value(json: try #require(FileManager.default.contents(atPath: "\(directory)/.drover/lab.json")))
        self.drover = drover
        self.directory = directory
        urls = (try #require(lab["mlflow"]?["url"]?.string), try #require(lab["llamastack"]?["url"]?.string))
        hands = Hands(
            MLflowServer(Endpoint(service: "MLflow", base: urls.mlflow, transport: transport)),
            try await LlamaStack.connect(
                to: Endpoint(service: "Llama Stack", base: urls.llamaStack, transport: transport)))
    }

    /// From nothing to nothing.
    func tell(_ incident: Incident) async throws {
        let told = "\(incident.kind): \(incident.what)"
        try write(incident.spec)
        try await Self.succeed(drover("apply", "spec", "--yes"))
        try await expectUnchanged("\(told), before")
        let before = try await world()
        try await incident.act(hands)
        try await expectNamed(incident, told)
        try await Self.succeed(drover("apply", "spec", "--yes"))
        try await expectUnchanged("\(told), mended")
        if !incident.addsVersion {
            let after = try await world()
            let difference = after.difference(from: before)
            #expect(difference.isEmpty, "\(told): \(difference)")
        }
        // What others made is never deleted with a prompt: they do that.
        if incident.what == "alias.live/moved" { try await hands.mlflow.deleteModelVersion("it", version: "2") }
        try await Self.succeed(drover("destroy", "spec", "--yes"))
        try await clear()
    }

    /// The plan changes that one thing, names the field, and says that others did it.
    private func expectNamed(_ incident: Incident, _ told: String) async throws {
        let plan = try await drover("plan", "spec", "--format", "json")
        let changes = try #require(Value(json: plan.output.utf8)["changes"]?.array, "\(told): \(plan.errors)")
        // The uploaded files of documents that were detached, or whose store was deleted, go too.
        let leavesFiles =
            incident.what.hasSuffix("detached") || (incident.kind == "vectorStores" && incident.path == nil)
        let named = changes.filter { $0["action"] != "delete" || !leavesFiles }
        #expect(named.map { $0["address"]?.string } == ["\(incident.kind).it"], "\(told): \(plan.output)")
        let fields = named.flatMap { $0["fields"]?.array ?? [] }
        let isLost = named.contains { $0["note"]?.string?.contains("deleted outside") == true }
        let isNamed = fields.compactMap { $0["path"]?.string }.contains { field in
            incident.path.map { field == $0 || field.hasPrefix("\($0).") } ?? false
        }
        #expect(isNamed || isLost, "\(told): \(plan.output)")
        let drift = try await drover("drift", "spec")
        #expect(
            drift.code == 2 && drift.output.contains("\(incident.kind).it"), "\(told): \(drift.output)\(drift.errors)")
    }

    private func expectUnchanged(_ when: String) async throws {
        let plan = try await drover("plan", "spec", "--exit-code")
        #expect(plan.code == 0, "\(when): \(plan.output)\(plan.errors)")
    }

    /// Everything that both servers hold, without what differs each time it is made.
    private func world() async throws -> [String] {
        let code = "import sys, world; print('\\n'.join(world.of(sys.argv[1], sys.argv[2], '/v1', ['Hi'])))"
        let program = DroverProgram(in: directory, environment: ["PYTHONPATH": "\(packageRoot)/Tests/Faults"])
        let ended = try await program.run("/usr/bin/env", ["python3", "-c", code, urls.mlflow, urls.llamaStack])
        try Self.succeed(ended)
        return ended.output.split(separator: "\n").map(String.init)
    }

    /// Removes what a destroy keeps for other people, so that names are free and versions begin with 1 again.
    private func clear() async throws {
        for model in try await hands.mlflow.registeredModels() where !model.name.hasPrefix("drover.lock.") {
            try await hands.mlflow.deleteRegisteredModel(model.name)
        }
        for experiment in try await hands.mlflow.experiments() {
            let isKept = experiment.name == "Default" || experiment.name.hasPrefix("drover/")
            guard !isKept, !experiment.name.hasPrefix("cleared ") else { continue }
            if experiment.isDeleted { try await hands.mlflow.restoreExperiment(experiment.id) }
            try await hands.mlflow.renameExperiment(experiment.id, to: "cleared \(experiment.id)")
            try await hands.mlflow.deleteExperiment(experiment.id)
        }
    }

    private func write(_ spec: String) throws {
        let here = spec.replacing("scripted/scripted-llm", with: "lab/llm").replacing("scripted/llm", with: "lab/llm")
            .replacing("scripted/embed", with: "lab-embed/embed")
            .replacing("http://desk.test", with: "${env.DROVER_LAB_DESK_URL}")
        let file = URL(filePath: "\(directory)/spec/drover.yaml")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data("drover: v1\nstack: helpdesk\n\(here)\n".utf8).write(to: file)
    }

    static func succeed(_ ended: DroverProgram.Ended) throws {
        try #require(ended.code == 0, "\(ended.output)\(ended.errors)")
    }
}
