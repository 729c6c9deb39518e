package import Language

/// One apply in the history.
package struct HistoryEntry: Sendable, Codable {
    /// From 1, and never given twice; nil until it is logged.
    package var number: Int?
    package var command: String
    package var specDigest: String
    package var gitCommit: String?
    /// Whether the spec's directory had changes that were not committed; nil when that could not be found out.
    package var isDirty: Bool?
    package var actor: String
    /// Milliseconds since 1970.
    package var startedAt: Int64
    /// Not before it started, whatever became of the clock meanwhile.
    package var finishedAt: Int64
    package var succeeded: Bool
    /// One line per changed address: `create vectorStores.handbook: done`.
    package var results: [String]
    /// In a few words: `2 created, 1 changed`; nil in records of older versions.
    package var summary: String?
    /// The version of drover.
    package var drover: String?
    /// The id of the lock under which it was done; nil without one, and in records of older versions.
    package var lock: String?
    /// Whether it was cut off: what it did is not known, and when it ended neither; nil for no.
    package var isCutOff: Bool?
    /// The verdicts of suites on it, one line each, `golden: passed, …`: of the gates that let it through or did not, and
    /// of suites that ran since, by all samples that stand; nil when there are none.
    package var verdicts: [String]?

    package init(
        command: String, specDigest: String, gitCommit: String?, actor: String, startedAt: Int64, finishedAt: Int64,
        succeeded: Bool, results: [String]
    ) {
        self.command = command
        self.specDigest = specDigest
        self.gitCommit = gitCommit
        self.actor = actor
        self.startedAt = startedAt
        self.finishedAt = max(startedAt, finishedAt)
        self.succeeded = succeeded
        self.results = results
    }
}

extension HistoryEntry {
    /// The lines of suites with newer ones in place of those of the same suites.
    package static func verdicts(_ lines: [String], updatedBy newer: [String]) -> [String] {
        func suite(_ line: String) -> Substring { line.prefix { $0 != ":" } }
        let names = Set(newer.map(suite))
        return lines.filter { !names.contains(suite($0)) } + newer
    }
}

extension [HistoryEntry] {
    /// The same entries, where those without a number get that of their position.
    package var numbered: [HistoryEntry] {
        var last = 0
        return map { entry in
            var entry = entry
            last = entry.number ?? last + 1
            entry.number = last
            return entry
        }
    }
}

/// What an apply leaves in the history beside its entry.
package struct RunRemains: Sendable {
    /// The rendered spec, as YAML; secrets are references in it.
    package var spec: String
    package var plan: Value
    /// What became of each change.
    package var results: Value
    /// The record's entries after it.
    package var applied: [String: Record.Entry]
    /// Every file that the spec names and that was read.
    package var files: [NamedFile]
    /// The contents to be kept, by their SHA-256; empty when the remains were read.
    package var contents: [String: FileSource]

    package init(
        spec: String, plan: Value, results: Value, applied: [String: Record.Entry], files: [NamedFile],
        contents: [String: FileSource] = [:]
    ) {
        self.spec = spec
        self.plan = plan
        self.results = results
        self.applied = applied
        self.files = files
        self.contents = contents
    }
}
