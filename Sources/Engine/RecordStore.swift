package import Language

/// What drover stores about a stack. It is history and a help for decisions, never the source of truth.
package struct Record: Sendable, Hashable, Codable {
    /// What was applied to one address.
    package struct Entry: Sendable, Hashable, Codable {
        package var fields: AppliedFields
        package var onDelete: OnDelete?
        package var protect: Bool
        /// Whether the declaration left the spec and the object was kept, of a kind that only the record knows.
        package private(set) var isRetained: Bool?
        /// Whether an apply has made it what the fields say; nil while one may have been cut off before.
        package private(set) var isApplied: Bool?

        package init(fields: AppliedFields, onDelete: OnDelete? = nil, protect: Bool = false) {
            self.fields = fields
            self.onDelete = onDelete
            self.protect = protect
        }

        /// The same, of an object that was made what the fields say.
        var applied: Entry {
            var entry = self
            entry.isApplied = true
            return entry
        }

        /// The same, of an object that is kept and not ours any more.
        var retained: Entry {
            var entry = self
            entry.isRetained = true
            return entry
        }
    }

    /// By address, `kind.name`.
    package var entries: [String: Entry]
    /// Intents: requests that were about to be sent for objects without marks, by address and by a key of the kind.
    package var intents: [String: Value]

    package init(entries: [String: Entry] = [:], intents: [String: Value] = [:]) {
        self.entries = entries
        self.intents = intents
    }

    package func entry(_ address: Address) -> Entry? {
        entries[address.description]
    }

    /// The addresses of what is ours, or may be.
    package var addresses: [Address] {
        let entries = entries.filter { $0.value.isRetained != true }
        return (Array(entries.keys) + intents.keys).compactMap(Address.init(text:))
    }

    /// The entry of a declaration: at its address, or at the one it was moved from.
    func entry(for declaration: Declaration) -> Entry? {
        let entry = entry(declaration.address)
        guard entry?.fields.isEmpty ?? true, let old = declaration.oldAddress.flatMap({ self.entry($0) }) else {
            return entry
        }
        return Entry(fields: old.fields, onDelete: entry?.onDelete, protect: entry?.protect ?? false)
    }
}

/// Keeps the record of one stack. Two conformers: MLflow, and a local file.
package protocol RecordStore: Sendable {
    /// Reads the record; an empty one when there is none yet.
    func load() async throws -> Record
    /// Replaces the entries.
    func save(_ entries: [String: Record.Entry]) async throws
    /// Stores an intent, before the request that creates the object.
    func open(_ intent: Value, for address: Address) async throws
    /// Deletes the intent of an address: its object exists and is marked, or never will exist.
    func close(intentOf address: Address) async throws
    /// Adds one apply to the history.
    func log(_ entry: HistoryEntry) async throws
}

/// One apply in the history.
package struct HistoryEntry: Sendable, Codable {
    package var command: String
    package var specDigest: String
    package var gitCommit: String?
    package var actor: String
    package var startedAt: Int64
    package var finishedAt: Int64
    package var succeeded: Bool
    /// One line per changed address: `create vectorStores.handbook: done`.
    package var results: [String]

    package init(
        command: String, specDigest: String, gitCommit: String?, actor: String, startedAt: Int64, finishedAt: Int64,
        succeeded: Bool, results: [String]
    ) {
        self.command = command
        self.specDigest = specDigest
        self.gitCommit = gitCommit
        self.actor = actor
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.succeeded = succeeded
        self.results = results
    }
}
