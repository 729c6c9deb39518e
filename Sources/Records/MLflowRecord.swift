package import Engine
import FoundationEssentials
package import Language
package import Wire

/// The record of a stack in MLflow: an experiment `drover/<stack>`.
///
/// `applied.json` among its artifacts holds the entries and which servers they are about; open intents are tags
/// (`drover.intent.<address>`), long ones tags that name an artifact; each apply is a run, and what it left are the run's
/// artifacts. Reading takes two requests, and one while there is no record yet.
///
///     {"format": 1, "servers": {"llamaStack": {"name": "OGX", "url": "http://…"}}, "entries": {"agents.support": {…}}}
package actor MLflowRecord: RecordStore {
    private static let intentPrefix = "drover.intent."
    private static let file = "drover/applied.json"
    /// Servers reject tags of more than 5,000 characters.
    private static let longestTag = 4500

    /// `applied.json`. Older versions wrote the entries alone.
    private struct Content: Codable {
        var format = Record.format
        var servers: ServerIdentities = [:]
        var entries: [String: Record.Entry] = [:]
    }

    package nonisolated let server: MLflowServer
    private let name: String
    private var experiment: MLflowExperiment?
    /// The prefetched content.
    private var ahead: Record?
    /// What the record says it is about.
    private var servers: ServerIdentities = [:]
    private var bound = BoundServers()
    private let warn: @Sendable (Diagnostic) -> Void
    private var hasWarned = false

    package nonisolated var place: String { name }

    /// - Parameter warn: Is told where the record is that somebody deleted.
    package init(
        _ server: MLflowServer, stack: StackName, warn: @escaping @Sendable (Diagnostic) -> Void = { _ in }
    ) {
        self.warn = warn
        self.server = server
        name = "drover/\(stack)"
    }

    package func bind(to servers: ServerIdentities, isStrict: Bool) {
        bound = BoundServers(identities: servers, isStrict: isStrict)
    }

    /// Prefetches the record: the next `load` returns it.
    package func readAhead() async throws -> Record {
        let record = try await load()
        ahead = record
        return record
    }

    package func load() async throws -> Record {
        let record = try await readRecord()
        try bound.check(record, at: name)
        return record
    }

    private func readRecord() async throws -> Record {
        if let record = ahead {
            ahead = nil
            return record
        }
        // Its tags are the open intents, which change: they are read each time.
        experiment = nil
        guard let found = try await found() else { return Record() }
        tellWhetherDeleted(found)
        let content = try await content(of: found)
        servers = content.servers
        var record = Record(entries: content.entries, servers: content.servers)
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
        guard let bytes = try await server.artifactIfPresent(named: file, in: folder) else { return .null }
        return (try? Value(json: bytes)) ?? .null
    }

    /// The experiment, also where somebody deleted it: MLflow keeps what it holds until it is removed for good; nil while
    /// there is none.
    func found() async throws -> MLflowExperiment? {
        if let experiment { return experiment }
        let named = try await server.experiments(firstFor: "record").filter { $0.name == name }
        let found = named.first { !$0.isDeleted } ?? named.first
        experiment = found
        return found
    }

    /// Says once that the record was deleted, where that is so.
    func tellWhetherDeleted(_ experiment: MLflowExperiment) {
        guard experiment.isDeleted, !hasWarned else { return }
        hasWarned = true
        warn(.deletedRecord(experiment))
    }

    private func content(of experiment: MLflowExperiment) async throws -> Content {
        let folder = try MLflowArtifactFolder(uri: experiment.artifactLocation)
        guard let bytes = try await server.artifactIfPresent(named: Self.file, in: folder) else { return Content() }
        do {
            let value = try Value(json: bytes)
            try RecordFormat.check(value, at: name)
            return try value["format"] == nil ? Content(entries: value.decoded()) : value.decoded()
        } catch let diagnostic as Diagnostic {
            throw diagnostic
        } catch {
            throw Diagnostic.recordUnreadable("\(name)/\(Self.file)")
        }
    }

    package func save(_ entries: [String: Record.Entry]) async throws {
        servers = bound.over(servers)
        try await write(Content(servers: servers, entries: entries))
    }

    private func write(_ content: Content) async throws {
        let folder = try MLflowArtifactFolder(uri: try await opened().artifactLocation)
        let json = try Value(encoding: content).prettyJSON + "\n"
        try await server.putArtifact(Array(json.utf8), named: Self.file, in: folder)
    }

    package func replace(with record: Record) async throws {
        let experiment = try await opened()
        do {
            _ = try await content(of: experiment)
        } catch let diagnostic as Diagnostic where diagnostic.code == .recordUnreadable {}  // It is what is replaced.
        let open = experiment.tags.keys.filter { $0.hasPrefix(Self.intentPrefix) }.sorted()
        for tag in open where record.intents[String(tag.dropFirst(Self.intentPrefix.count))] == nil {
            try await server.deleteExperimentTag(experiment.id, tag)
        }
        servers = record.servers
        try await write(Content(servers: record.servers, entries: record.entries))
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

    /// The experiment, created or restored if needed.
    func opened() async throws -> MLflowExperiment {
        if let experiment { return try await restored(experiment) }
        do {
            _ = try await server.createExperiment(name, tags: [MLflowExperiment.descriptionTag: Self.note])
        } catch let error as WireError where error.isAlreadyThere {}  // Deleted, or created meanwhile.
        guard let found = try await server.experiments(where: MLflowFilter.name(name)).first(where: { $0.name == name })
        else { throw Diagnostic.recordUnreadable(name) }
        return try await restored(found)
    }

    private func restored(_ found: MLflowExperiment) async throws -> MLflowExperiment {
        var found = found
        if found.isDeleted { try await server.restoreExperiment(found.id) }
        found.isDeleted = false
        experiment = found
        return found
    }

    private static let note = "Drover's record of this stack: what was applied last, and one run for each apply."
}

extension Diagnostic {
    fileprivate static func deletedRecord(_ experiment: MLflowExperiment) -> Diagnostic {
        let time = experiment.updated.map { Date(timeIntervalSince1970: Double($0 / 1000)).formatted(.iso8601) }
        return Diagnostic(
            "deleted-record", "The stack's record was deleted",
            detail: "Somebody deleted the experiment `\(experiment.name)` in MLflow"
                + (time.map { " on \($0)" } ?? "") + "; MLflow still has it. What it holds counts.",
            fix:
                "Nothing has to be done: the next apply restores it, as does `mlflow experiments restore "
                + "--experiment-id \(experiment.id)`. Where it is not wanted any more, remove it for good (`mlflow gc`); "
                + "`drover state rebuild` then makes it again from the marks.",
            severity: .warning)
    }
}
