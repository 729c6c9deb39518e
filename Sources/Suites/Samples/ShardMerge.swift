package import Language

/// Joins the logs of all shards of a run to the log of the whole run.
package struct ShardMerge: Sendable {
    private let parts: [RecordedRun]
    private let first: RunRecord

    /// - Parameter parts: The shards, in any order; of one and the runs that it went on with, only the newest is joined, which
    ///   has kept their samples.
    /// - Throws: `Diagnostic` when they are not all shards of one run, each of them once.
    package init(_ parts: [RecordedRun]) throws(Diagnostic) {
        guard let first = parts.first?.record, let of = first.shard?.of else { throw .notAShard(parts.first) }
        var byShard: [Shard: [RecordedRun]] = [:]
        for part in parts {
            guard let shard = part.record.shard else { throw .notAShard(part) }
            byShard[shard, default: []].append(part)
        }
        var newest: [RecordedRun] = []
        for (shard, runs) in byShard.sorted(by: { ($0.key.number, $0.key.of) < ($1.key.number, $1.key.of) }) {
            newest.append(try Self.newest(of: runs, shard))
        }
        for (index, part) in newest.enumerated() {
            guard part.isDeclared else { throw .truncated(part) }
            guard part.lost == 0 else { throw .notTakenOver(part) }
            // Two of them may know an agent that the first one does not.
            for other in newest[..<index] {
                guard let difference = other.record.difference(from: part.record) else { continue }
                throw .shardsDiffer(other, part, difference)
            }
        }
        let missing = (1...of).filter { number in !newest.contains { $0.record.shard?.number == number } }
        guard missing.isEmpty else { throw .missingShards(missing, of: of) }
        self.parts = newest
        self.first = first
    }

    /// The run that went on with all others, directly or not.
    private static func newest(of runs: [RecordedRun], _ shard: Shard) throws(Diagnostic) -> RecordedRun {
        let last = runs.first { run in
            runs.allSatisfy { $0.path == run.path || run.record.ancestors.contains($0.record.id ?? "") }
        }
        guard let last, runs.count(where: { $0.path == last.path }) == 1 else {
            throw .doubledShard(shard, runs[0], runs[1])
        }
        return last
    }

    package var stack: String { first.stack }

    /// The MLflow that all shards published to; nil for none.
    package var mlflow: String? { parts.allSatisfy { $0.record.mlflow == first.mlflow } ? first.mlflow : nil }

    /// What of it is not finished: the shards that were cut off.
    package var warnings: [Diagnostic] {
        parts.filter { !$0.hasEnded }.map { .cutOff($0) }
    }

    /// Writes the whole log, and reads it.
    /// - Parameters:
    ///   - id: What the whole run is called.
    ///   - version: Of drover, which judges its thresholds.
    package func write(to log: SampleLog, as id: String, version: String) throws(Diagnostic) -> RecordedRun {
        let ran = parts.map { Set($0.suiteRecords.map(\.name)) }
        let whole = RunRecord(joining: parts.map(\.record), of: ran, as: id, version: version)
        try append(.run(whole), to: log)
        var lines: Set<[UInt8]> = []
        for part in parts {
            try part.log.forEachLine { (_, line) throws(Diagnostic) in
                if line.starts(with: Kind.line), lines.insert(line).inserted { try copy(line, to: log) }
            }
        }
        for (name, record) in try suites() {
            try append(.suite(record), to: log)
            for line in try cases(of: name) { try copy(line, to: log) }
        }
        for part in parts {
            try part.log.forEachLine { (_, line) throws(Diagnostic) in
                if Kind.results.contains(where: { line.starts(with: $0) }) { try copy(line, to: log) }
            }
        }
        for (name, _) in try suites() {
            let elapsed = parts.flatMap(\.run.suites).filter { $0.suite == name }.map(\.elapsed).max() ?? .zero
            try append(.suiteEnd(LogEntry.SuiteEnd(suite: name, elapsed: elapsed.nanoseconds)), to: log)
        }
        let duration = parts.map(\.run.duration).max() ?? .zero
        let end = LogEntry.End(duration: duration.nanoseconds, changed: changed.isEmpty ? nil : changed.sorted())
        try append(.end(end), to: log)
        return try RecordedRun.read(log)
    }

    /// The suites of which what passed is no evidence. Of a shard that was cut off, nobody looked at its end.
    private var changed: Set<String> {
        parts.reduce(into: []) { all, part in
            all.formUnion(part.hasEnded ? part.changed : Set(part.suiteRecords.map(\.name)))
        }
    }

    /// How lines of a log begin.
    private enum Kind {
        static let line = Array(#"{"line":"#.utf8)
        static let results = [#"{"sample":"#, #"{"notRun":"#, #"{"change":"#].map { Array($0.utf8) }
    }

    /// All suites of all parts, in the order of the spec.
    private func suites() throws(Diagnostic) -> [(name: String, record: SuiteRecord)] {
        var records: [String: (SuiteRecord, RecordedRun)] = [:]
        for part in parts {
            for record in part.suiteRecords {
                if let (known, other) = records[record.name], known != record {
                    throw .shardsDiffer(other, part, "the suite `\(record.name)`")
                }
                records[record.name] = (record, part)
            }
        }
        func place(_ record: SuiteRecord) -> (Int, UInt32, UInt32) {
            (first.sources.firstIndex(of: record.place.path) ?? 0, record.place.start.line, record.place.start.column)
        }
        return records.map { (name: $0.key, record: $0.value.0) }.sorted { place($0.record) < place($1.record) }
    }

    /// The lines that declare the cases of a suite, in the order of the spec.
    private func cases(of suite: String) throws(Diagnostic) -> [[UInt8]] {
        var lines: [(index: Int, line: [UInt8])] = []
        for part in parts { lines += try part.declarations(ofSuite: suite) }
        return lines.sorted { $0.index < $1.index }.map(\.line)
    }

    private func append(_ entry: LogEntry, to log: SampleLog) throws(Diagnostic) {
        _ = try log.append(try RunRecorder.line(of: entry))
    }

    private func copy(_ line: [UInt8], to log: SampleLog) throws(Diagnostic) {
        _ = try log.append(line + [UInt8(ascii: "\n")])
    }
}

extension RunRecord {
    /// Why two shards are not of one run, as the end of a sentence; nil when they are.
    fileprivate func difference(from other: RunRecord) -> String? {
        if stack != other.stack { return "the stack" }
        if shard?.of != other.shard?.of { return "the number of shards" }
        if target != other.target { return "whom they asked" }
        if sources != other.sources { return "the files of the spec" }
        if versions?["cases"] != other.versions?["cases"] { return "the cases that were dealt" }
        let (mine, others) = (versions ?? [:], other.versions ?? [:])
        // A shard knows the agents of its own suites only.
        return Set(mine.keys).intersection(others.keys).sorted().first { mine[$0] != others[$0] }.map { "`\($0)`" }
    }
}

extension Diagnostic {
    fileprivate static func notAShard(_ part: RecordedRun?) -> Diagnostic {
        Diagnostic(
            "not-a-shard", "Not a shard",
            detail: "`\(part?.path ?? "")` is the log of a whole run, and only shards are joined.",
            fix: "Name the logs of all shards of one run.", cause: .usage)
    }

    fileprivate static func shardsDiffer(_ one: RecordedRun, _ other: RecordedRun, _ what: String) -> Diagnostic {
        Diagnostic(
            "shards-differ", "Shards of different runs",
            detail: "`\(one.path)` and `\(other.path)` are not of one run: they differ in \(what).",
            fix: "Name the logs of all shards of one run.", cause: .usage)
    }

    fileprivate static func doubledShard(_ shard: Shard, _ one: RecordedRun, _ other: RecordedRun) -> Diagnostic {
        let (mine, others) = (one.record.ancestors, other.record.ancestors)
        let common = mine.last { others.contains($0) }
        return Diagnostic(
            "doubled-shard", "Shard named twice",
            detail: "`\(one.path)` and `\(other.path)` are both the shard \(shard)"
                + (common.map { ", and both went on with the run `\($0)`, whose samples would count twice." }
                    ?? ", and neither went on with the other."),
            fix: "Name one log of each shard, or one and those of the runs that it went on with.", cause: .usage)
    }

    fileprivate static func missingShards(_ numbers: [Int], of count: Int) -> Diagnostic {
        Diagnostic(
            "missing-shard", "Shard missing",
            detail:
                "Of \(count) shards, \(numbers.map { "\($0)" }.listed) \(numbers.count == 1 ? "is" : "are") missing.",
            fix: "Name the logs of all shards of one run.", cause: .usage)
    }

    fileprivate static func truncated(_ part: RecordedRun) -> Diagnostic {
        Diagnostic(
            "shard-truncated", "A shard without all its cases",
            detail: "`\(part.path)` ends before all its cases are declared"
                + (part.record.cases.map { ": \(part.undeclared) of \($0) are missing" } ?? "")
                + ", so the whole cannot be judged.",
            fix: "Run that shard again, and join them then.", cause: .inconclusive)
    }

    fileprivate static func cutOff(_ part: RecordedRun) -> Diagnostic {
        Diagnostic(
            "shard-cut-off", "Unfinished shard",
            detail: "`\(part.path)` is of a run that was cut off; what it did not finish is inconclusive.",
            fix: "Go on with that shard, and join them again.", severity: .warning, cause: .inconclusive)
    }
}
