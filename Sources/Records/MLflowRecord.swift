package import Engine
package import Language
package import Wire

/// The record of a stack in MLflow: an experiment `drover/<stack>`.
///
/// `applied.json` among its artifacts holds the entries; open intents are tags (`drover.intent.<address>`); each apply is
/// a run. Reading takes two requests, and one while there is no record yet.
package actor MLflowRecord: RecordStore {
    private static let intentPrefix = "drover.intent."
    private static let file = "drover/applied.json"

    private let server: MLflowServer
    private let name: String
    private var experiment: MLflowExperiment?

    package init(_ server: MLflowServer, stack: StackName) {
        self.server = server
        name = "drover/\(stack)"
    }

    package func load() async throws -> Record {
        let found = try await server.experiments(where: MLflowFilter.name(name)).first { $0.name == name }
        guard let found, !found.isDeleted else { return Record() }
        experiment = found
        var record = Record()
        for (key, value) in found.tags where key.hasPrefix(Self.intentPrefix) {
            record.intents[String(key.dropFirst(Self.intentPrefix.count))] = try? Value(json: value.utf8)
        }
        record.entries = try await entries(of: found)
        return record
    }

    private func entries(of experiment: MLflowExperiment) async throws -> [String: Record.Entry] {
        let folder = try MLflowArtifactFolder(uri: experiment.artifactLocation)
        do {
            let bytes = try await server.artifact(named: Self.file, in: folder)
            return try Value(json: bytes).decoded()
        } catch let error as WireError where error.status == 404 || error.status == 500 {
            return [:]  // Never written: 404 since 3.6, 500 before.
        } catch is DecodingError {
            throw Diagnostic.recordUnreadable("\(name)/\(Self.file)")
        }
    }

    package func save(_ entries: [String: Record.Entry]) async throws {
        let folder = try MLflowArtifactFolder(uri: try await opened().artifactLocation)
        let json = try Value(encoding: entries).prettyJSON + "\n"
        try await server.putArtifact(Array(json.utf8), named: Self.file, in: folder)
    }

    package func open(_ intent: Value, for address: Address) async throws {
        let id = try await opened().id
        try await server.setExperimentTag(id, Self.intentPrefix + address.description, to: intent.canonicalJSON)
    }

    package func close(intentOf address: Address) async throws {
        try await server.deleteExperimentTag(try await opened().id, Self.intentPrefix + address.description)
    }

    package func log(_ entry: HistoryEntry) async throws {
        var tags = [
            "drover.spec.digest": entry.specDigest, "drover.actor": entry.actor,
            "drover.results": String(entry.results.joined(separator: "\n").prefix(4900)),
        ]
        tags["drover.git.commit"] = entry.gitCommit
        let run = try await server.createRun(
            inExperiment: try await opened().id, name: entry.command, startTime: Int(entry.startedAt), tags: tags)
        try await server.updateRun(
            run.id, status: entry.succeeded ? .finished : .failed, endTime: Int(entry.finishedAt))
    }

    /// The experiment, made or restored if need be.
    private func opened() async throws -> MLflowExperiment {
        if let experiment { return experiment }
        do {
            _ = try await server.createExperiment(name, tags: [MLflowExperiment.descriptionTag: Self.note])
        } catch let error as WireError where error.isAlreadyThere {}  // Deleted, or made by someone at the same time.
        guard let found = try await server.experiments(where: MLflowFilter.name(name)).first(where: { $0.name == name })
        else { throw Diagnostic.recordUnreadable(name) }
        if found.isDeleted { try await server.restoreExperiment(found.id) }
        experiment = found
        return found
    }

    private static let note = "Drover's record of this stack: what was applied last, and one run for each apply."
}
