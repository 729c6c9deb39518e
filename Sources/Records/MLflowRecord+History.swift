package import Engine
import Language
import Wire

/// The history: each apply is a run of the record's experiment, with its number as a tag.
extension MLflowRecord {
    private static let numberTag = "drover.number"
    private static let resultsTag = "drover.results"
    fileprivate static let verdictsTag = "drover.verdicts"
    private static let longestResults = 4900

    package func log(_ entry: HistoryEntry, leaving remains: RunRemains?) async throws {
        let experiment = try await opened()
        let number = try await runs(of: experiment, includingDeleted: true).last.map { $0.number + 1 } ?? 1
        let run = try await server.createRun(
            inExperiment: experiment.id, name: entry.command, startTime: Int(entry.startedAt),
            tags: tags(of: entry, number: number))
        if let remains { try await write(remains, of: run, in: experiment) }
        try await server.updateRun(
            run.id, status: entry.succeeded ? .finished : entry.isCutOff == true ? .killed : .failed,
            endTime: Int(entry.finishedAt))
        try await endOpenRuns(besides: run, number: number, in: experiment.id)
    }

    package func endOpenRuns() async throws {
        guard let experiment = try await found(), !experiment.isDeleted else { return }
        let open = try await server.runs(inExperiments: [experiment.id], where: MLflowFilter.status(.running))
        for run in open where run.status == .running {
            try await server.updateRun(run.id, status: .killed, endTime: run.startTime)
        }
    }

    package func note(_ verdicts: [String]) async throws {
        guard let experiment = try await found(), !experiment.isDeleted,
            let newest = try await runs(of: experiment).last
        else { return }
        let known = newest.run.verdicts ?? []
        let text = Self.text(of: HistoryEntry.verdicts(known, updatedBy: verdicts))
        try await server.setRunTag(newest.run.id, Self.verdictsTag, to: text)
    }

    private func tags(of entry: HistoryEntry, number: Int) -> [String: String] {
        var tags = [
            Self.numberTag: String(number), "drover.spec.digest": entry.specDigest, "drover.actor": entry.actor,
            Self.resultsTag: Self.text(of: entry.results),
        ]
        tags["drover.git.commit"] = entry.gitCommit
        tags["drover.git.dirty"] = entry.isDirty.map(String.init)
        tags["drover.summary"] = entry.summary
        tags["drover.version"] = entry.drover
        tags[Self.verdictsTag] = entry.verdicts.map(Self.text(of:))
        tags["drover.lock"] = entry.lock
        return tags
    }

    /// Lines as one tag.
    private static func text(of lines: [String]) -> String {
        String(lines.joined(separator: "\n").prefix(longestResults))
    }

    /// A run that is still open was made by the same request delivered twice, or its end was cut off. Which one came first
    /// is told by their numbers: clocks go back.
    private func endOpenRuns(besides run: MLflowRun, number: Int, in experiment: String) async throws {
        let open = try await server.runs(inExperiments: [experiment], where: MLflowFilter.status(.running))
        for other in open where other.status == .running && other.id != run.id {
            if (other.name, other.startTime) == (run.name, run.startTime) {
                try await server.deleteRun(other.id)
            } else if other.tags[Self.numberTag].flatMap(Int.init) ?? 0 < number {
                try await server.updateRun(
                    other.id, status: .killed, endTime: max(other.startTime, run.startTime))
            }
        }
    }

    /// All applies by number, those of older versions, which have none, by their start. Runs are deleted with their
    /// experiment.
    private func runs(
        of experiment: MLflowExperiment, includingDeleted: Bool = false
    ) async throws -> [(number: Int, run: MLflowRun)] {
        let listed = try await server.runs(
            inExperiments: [experiment.id], includingDeleted: includingDeleted || experiment.isDeleted)
        let numbers = listed.map { $0.tags[Self.numberTag].flatMap(Int.init) }
        let sorted = zip(numbers, listed).sorted { ($0.0 ?? 0, $0.1.startTime) < ($1.0 ?? 0, $1.1.startTime) }
        var last = 0
        return sorted.map { number, run in
            last = number ?? last + 1
            return (last, run)
        }
    }

    package func history() async throws -> [HistoryEntry] {
        guard let experiment = try await found() else { return [] }
        tellWhetherDeleted(experiment)
        return try await runs(of: experiment).map { HistoryEntry($0.run, number: $0.number) }
    }

    private func run(_ number: Int) async throws -> MLflowRun? {
        guard let experiment = try await found() else { return nil }
        return try await runs(of: experiment).first { $0.number == number }?.run
    }
}

/// What applies left: the artifacts of their runs, and the contents of files among the experiment's own.
extension MLflowRecord {
    private static let filesFolder = "drover/files"

    private func write(_ remains: RunRemains, of run: MLflowRun, in experiment: MLflowExperiment) async throws {
        var remains = remains
        if !remains.contents.isEmpty {
            let folder = try MLflowArtifactFolder(uri: experiment.artifactLocation)
            let kept = Set(try await server.artifacts(in: folder.folder(Self.filesFolder)).map(\.path))
            for (sha256, source) in remains.contents.sorted(by: { $0.key < $1.key }) where !kept.contains(sha256) {
                guard let bytes = source.bytes(of: sha256) else {
                    remains.forget(sha256)
                    continue
                }
                try await server.putArtifact(bytes, named: "\(Self.filesFolder)/\(sha256)", in: folder)
            }
        }
        try await put(try remains.parts().filter { !$0.isNothing }, in: MLflowArtifactFolder(uri: run.artifactURI))
    }

    /// The last one, without which the others are nothing, once all others are there.
    private func put(_ parts: [RunRemains.Part], in folder: MLflowArtifactFolder) async throws {
        try await withThrowingTaskGroup(of: Void.self) { [server] group in
            for part in parts.dropLast() {
                group.addTask { try await server.putArtifact(part.bytes, named: part.name, in: folder) }
            }
            try await group.waitForAll()
        }
        if let last = parts.last { try await server.putArtifact(last.bytes, named: last.name, in: folder) }
    }

    package func remains(ofRun number: Int) async throws -> RunRemains? {
        guard let run = try await run(number) else { return nil }
        let folder = try MLflowArtifactFolder(uri: run.artifactURI)
        var parts: [RemainsPart: [UInt8]] = [:]
        for part in RemainsPart.allCases {
            parts[part] = try await permitted(run) {
                try await server.artifactIfPresent(named: part.rawValue, in: folder)
            }
        }
        return try RunRemains(at: "\(place), run \(run.id)", parts: parts)
    }

    package func content(_ sha256: String) async throws -> [UInt8]? {
        guard let experiment = try await found() else { return nil }
        let folder = try MLflowArtifactFolder(uri: experiment.artifactLocation)
        let bytes = try await permitted(nil) {
            try await server.artifactIfPresent(named: "\(Self.filesFolder)/\(sha256)", in: folder)
        }
        return bytes.flatMap { sha256Hex($0) == sha256 ? $0 : nil }
    }

    private func permitted<Result>(_ run: MLflowRun?, _ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as WireError where error.status == 401 || error.status == 403 {
            throw Diagnostic.remainsDenied(run.map { "\(place), run \($0.id)" } ?? place)
        }
    }
}

extension HistoryEntry {
    fileprivate init(_ run: MLflowRun, number: Int) {
        self.init(
            command: run.name, specDigest: run.tags["drover.spec.digest"] ?? "",
            gitCommit: run.tags["drover.git.commit"],
            actor: run.tags["drover.actor"] ?? "unknown", startedAt: Int64(run.startTime),
            finishedAt: Int64(run.endTime ?? run.startTime), succeeded: run.status == .finished,
            results: (run.tags["drover.results"] ?? "").split(separator: "\n").map(String.init))
        self.number = number
        isDirty = run.tags["drover.git.dirty"].flatMap(Bool.init)
        summary = run.tags["drover.summary"]
        drover = run.tags["drover.version"]
        lock = run.tags["drover.lock"]
        isCutOff = run.status == .killed ? true : nil
        verdicts = run.verdicts
    }
}

extension MLflowRun {
    /// The verdicts that were recorded on an apply.
    fileprivate var verdicts: [String]? {
        tags[MLflowRecord.verdictsTag].map { $0.split(separator: "\n").map(String.init) }
    }
}
