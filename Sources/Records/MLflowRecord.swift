package import Engine
package import Language
package import Wire

/// The record of a stack in MLflow: an experiment `drover/<stack>`.
///
/// `applied.json` among its artifacts holds the entries; open intents are tags (`drover.intent.<address>`), long ones tags
/// that name an artifact; each apply is a run. Reading takes two requests, and one while there is no record yet.
package actor MLflowRecord: RecordStore {
    private static let intentPrefix = "drover.intent."
    private static let file = "drover/applied.json"
    /// Servers reject tags of more than 5,000 characters.
    private static let longestTag = 4500

    private let server: MLflowServer
    private let name: String
    private var experiment: MLflowExperiment?
    /// The prefetched content.
    private var ahead: Record?

    package init(_ server: MLflowServer, stack: StackName) {
        self.server = server
        name = "drover/\(stack)"
    }

    /// Prefetches the record: the next `load` returns it.
    package func readAhead() async throws -> Record {
        let record = try await load()
        ahead = record
        return record
    }

    package func load() async throws -> Record {
        if let record = ahead {
            ahead = nil
            return record
        }
        let found = try await server.experiments(firstFor: "record").first { $0.name == name }
        guard let found, !found.isDeleted else { return Record() }
        experiment = found
        var record = Record()
        record.entries = try await entries(of: found)
        for (key, value) in found.tags where key.hasPrefix(Self.intentPrefix) {
            let address = String(key.dropFirst(Self.intentPrefix.count))
            record.intents[address] = try await intent(value, of: found)
        }
        return record
    }

    /// An intent that can no longer be read still counts: something was started.
    private func intent(_ tag: String, of experiment: MLflowExperiment) async throws -> Value {
        let intent = (try? Value(json: tag.utf8)) ?? .null
        guard let file = intent["artifact"]?.string else { return intent }
        let folder = try MLflowArtifactFolder(uri: experiment.artifactLocation)
        guard let bytes = try await artifact(file, in: folder) else { return .null }
        return (try? Value(json: bytes)) ?? .null
    }

    private func entries(of experiment: MLflowExperiment) async throws -> [String: Record.Entry] {
        let folder = try MLflowArtifactFolder(uri: experiment.artifactLocation)
        guard let bytes = try await artifact(Self.file, in: folder) else { return [:] }
        do {
            return try Value(json: bytes).decoded()
        } catch {
            throw Diagnostic.recordUnreadable("\(name)/\(Self.file)")
        }
    }

    /// nil when it was never written: MLflow answers 404 since 3.6; earlier versions answer 500 to every failure.
    private func artifact(_ file: String, in folder: MLflowArtifactFolder) async throws -> [UInt8]? {
        do {
            return try await server.artifact(named: file, in: folder)
        } catch let error as WireError where error.status == 404 {
            return nil
        } catch let error as WireError where error.status == 500 {
            guard try await server.artifacts(in: folder).isEmpty else { throw error }
            return nil
        }
    }

    package func save(_ entries: [String: Record.Entry]) async throws {
        let folder = try MLflowArtifactFolder(uri: try await opened().artifactLocation)
        let json = try Value(encoding: entries).prettyJSON + "\n"
        try await server.putArtifact(Array(json.utf8), named: Self.file, in: folder)
    }

    package func open(_ intent: Value, for address: Address) async throws {
        let experiment = try await opened()
        var tag = intent.canonicalJSON
        if tag.utf8.count > Self.longestTag {
            let file = "drover/intents/\(address).json"
            let folder = try MLflowArtifactFolder(uri: experiment.artifactLocation)
            try await server.putArtifact(Array(tag.utf8), named: file, in: folder)
            tag = Value.object(["artifact": .string(file)]).canonicalJSON
        }
        try await server.setExperimentTag(experiment.id, Self.intentPrefix + address.description, to: tag)
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
        let experiment = try await opened().id
        let run = try await server.createRun(
            inExperiment: experiment, name: entry.command, startTime: Int(entry.startedAt), tags: tags)
        try await server.updateRun(
            run.id, status: entry.succeeded ? .finished : .failed, endTime: Int(entry.finishedAt))
        try await endOpenRuns(besides: run, in: experiment)
    }

    /// A run that is still open was made by the same request delivered twice, or its end was cut off.
    private func endOpenRuns(besides run: MLflowRun, in experiment: String) async throws {
        let open = try await server.runs(inExperiments: [experiment], where: MLflowFilter.status(.running))
        for other in open where other.status == .running && other.id != run.id {
            if (other.name, other.startTime) == (run.name, run.startTime) {
                try await server.deleteRun(other.id)
            } else if other.startTime < run.startTime {
                try await server.updateRun(other.id, status: .killed, endTime: run.startTime)
            }
        }
    }

    /// The experiment, created or restored if needed.
    private func opened() async throws -> MLflowExperiment {
        if let experiment { return experiment }
        do {
            _ = try await server.createExperiment(name, tags: [MLflowExperiment.descriptionTag: Self.note])
        } catch let error as WireError where error.isAlreadyThere {}  // Deleted, or created meanwhile.
        guard let found = try await server.experiments(where: MLflowFilter.name(name)).first(where: { $0.name == name })
        else { throw Diagnostic.recordUnreadable(name) }
        if found.isDeleted { try await server.restoreExperiment(found.id) }
        experiment = found
        return found
    }

    private static let note = "Drover's record of this stack: what was applied last, and one run for each apply."
}
