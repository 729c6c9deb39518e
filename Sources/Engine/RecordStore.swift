package import Language

/// What drover stores about a stack. It is history and a help for decisions, never the source of truth.
package struct Record: Sendable, Hashable, Codable {
    /// What was applied to one address.
    package struct Entry: Sendable, Hashable, Codable {
        package var fields: AppliedFields
        package var onDelete: OnDelete?
        package var protect: Bool
        /// Whether the declaration left the spec and the object was kept: what the record alone knows of it, or only that
        /// it was there before.
        package fileprivate(set) var isRetained: Bool?
        /// Whether it is about to be retained. An apply that is cut off leaves this set: then the object may be
        /// retained already.
        package private(set) var isLeaving: Bool?
        /// Whether it was there before, made by somebody else: it is kept when its declaration leaves the spec, unless
        /// that says otherwise.
        package var isAdopted: Bool?
        /// Whether an apply has made it what the fields say; nil while one may have been cut off before.
        package fileprivate(set) var isApplied: Bool?
        /// The paths of the fields that an apply was about to write first, and may not have written: it was cut off, or
        /// failed. Sorted; nil where there are none.
        package fileprivate(set) var pending: [String]?
        /// The natural keys of objects that others replaced, of a kind that bears no mark: they are ours as long as they are
        /// there. Sorted; nil where there are none.
        package internal(set) var older: [String]?

        package init(fields: AppliedFields, onDelete: OnDelete? = nil, protect: Bool = false) {
            self.fields = fields
            self.onDelete = onDelete
            self.protect = protect
        }

        /// All natural keys of what is ours, of a kind that bears no mark.
        package var keys: [String] { [fields[Self.key]?.string].compactMap(\.self) + (older ?? []) }

        /// That it was there before, and nothing else; nil where it was not.
        package var adoption: Entry? {
            guard isAdopted == true else { return nil }
            var entry = Entry(fields: [:])
            entry.isAdopted = true
            return entry
        }

        /// The same, of an object that is not ours any more.
        package var formerAdoption: Entry? { adoption?.retained }

        /// Notes what is about to be written, where nothing was written before.
        mutating func announce(_ changes: [FieldChange]) {
            let new = changes.filter { fields[$0.path] == nil }
            guard !new.isEmpty else { return }
            for change in new { fields[change.path] = change.new ?? .null }
            pending = Set(pending ?? []).union(new.map(\.path)).sorted()
        }

        /// Takes back what was announced, where an apply finds that nothing of it is there: it is announced anew.
        mutating func withdraw() {
            for path in pending ?? [] { fields[path] = nil }
            pending = nil
        }

        /// Notes that the object with the announced key is there, and ours: from now on it is known by its key alone.
        mutating func confirmKey() {
            pending?.removeAll { $0 == Self.key }
            if pending?.isEmpty == true { pending = nil }
        }

        /// The field with the natural key of an object that can carry no mark.
        static let key = "id"

        /// What an object with its key must look like to be ours: the fields that were announced with the key, as far
        /// as their values were known; nil where the key alone decides, since there was such an object.
        package var announcement: AppliedFields? {
            guard isApplied != true, let pending, pending.contains(Self.key) else { return nil }
            return fields.filter { pending.contains($0.key) && $0.value != .null }
        }

        /// The same, of an object that was made what the fields say.
        var applied: Entry {
            var entry = self
            entry.isApplied = true
            entry.pending = nil
            return entry
        }

        /// The same, of an object that is about to be kept, and then not to be ours any more.
        var leaving: Entry {
            var entry = self
            entry.isLeaving = true
            return entry
        }

        /// The same, of an object that is kept and not ours any more.
        var retained: Entry {
            var entry = self
            entry.isRetained = true
            entry.isLeaving = nil
            return entry
        }

        /// The same, of an object that was kept and is wanted again.
        var takenUp: Entry {
            var entry = self
            entry.isRetained = nil
            entry.isLeaving = nil
            return entry
        }
    }

    /// By address, `kind.name`.
    package var entries: [String: Entry]
    /// Intents: requests that were about to be sent for objects without marks, by address and by a key of the kind.
    package var intents: [String: Value]
    /// The servers that it is about; empty in records of older versions.
    package var servers: ServerIdentities

    package init(
        entries: [String: Entry] = [:], intents: [String: Value] = [:], servers: ServerIdentities = [:]
    ) {
        self.entries = entries
        self.intents = intents
        self.servers = servers
    }

    /// The form in which this version writes records. Older ones are read; newer ones are refused.
    package static let format = 1

    /// Whether it says nothing that could be wrong of another server.
    package var isEmpty: Bool { entries.isEmpty && intents.isEmpty }

    package func entry(_ address: Address) -> Entry? {
        entries[address.description]
    }

    /// The addresses of what is ours, or may be.
    package var addresses: [Address] {
        let entries = entries.filter { $0.value.isRetained != true }
        return (Array(entries.keys) + intents.keys).compactMap(Address.init(text:))
    }

    /// The intent that an earlier run left open for a declaration: at its address, or at the one it was moved from.
    func intent(for declaration: Declaration) -> Value? {
        intents[declaration.address.description] ?? declaration.oldAddress.flatMap { intents[$0.description] }
    }

    /// The entry of a declaration: at its address, or at the one it was moved from.
    func entry(for declaration: Declaration) -> Entry? {
        let entry = entry(declaration.address)
        guard entry?.fields.isEmpty ?? true, let old = declaration.oldAddress.flatMap({ self.entry($0) }) else {
            return entry
        }
        var moved = Entry(fields: old.fields, onDelete: entry?.onDelete, protect: entry?.protect ?? false)
        moved.isAdopted = old.isAdopted
        moved.pending = old.pending
        moved.isApplied = old.isApplied
        moved.isRetained = old.isRetained
        moved.older = old.older
        return moved
    }
}

/// Keeps the record of one stack. Two conformers: MLflow, and a local file.
package protocol RecordStore: Sendable {
    /// Says which servers are at hand: from now on these are written into the record, and `load` refuses one of others.
    /// - Parameter isStrict: Whether a record of other servers is refused; else it is taken for one of these.
    func bind(to servers: ServerIdentities, isStrict: Bool) async
    /// Reads the record; an empty one when there is none yet.
    /// - Throws: `Diagnostic` when a newer version wrote it (`lacking`), or when it is about other servers
    ///   (`conflict`).
    func load() async throws -> Record
    /// Writes a record in place of what there is, readable or not; the history stays.
    /// - Throws: `Diagnostic` when a newer version wrote the old one.
    func replace(with record: Record) async throws
    /// Replaces the entries.
    func save(_ entries: [String: Record.Entry]) async throws
    /// Stores an intent, before the request that creates the object.
    func open(_ intent: Value, for address: Address) async throws
    /// Deletes the intent of an address: its object exists and is marked, or never will exist.
    func close(intentOf address: Address) async throws
    /// Adds one apply to the history, with what it leaves there.
    func log(_ entry: HistoryEntry, leaving remains: RunRemains?) async throws
    /// Closes the entries of the history that an interrupted apply left open. It needs no lock: an apply that is still
    /// writing closes its own.
    func endOpenRuns() async throws
    /// Records the verdicts of suites on the newest apply, in place of earlier ones of the same suites; does nothing when there is no
    /// apply. It needs no lock.
    func note(_ verdicts: [String]) async throws
    /// The applies so far, each with its number, the first one first.
    func history() async throws -> [HistoryEntry]
    /// What an apply left, without the contents of files; nil when it left no spec.
    /// - Throws: `Diagnostic` (`lacking`) when what it left may not be read.
    func remains(ofRun number: Int) async throws -> RunRemains?
    /// The content of a kept file by its SHA-256; nil when it is not kept.
    func content(_ sha256: String) async throws -> [UInt8]?
    /// Where the record is, for a reader: a path, or the name of an experiment.
    var place: String { get }
}

extension RecordStore {
    /// An entry that is written at once is never open.
    package func endOpenRuns() async throws {}
}
