package import Engine
import FoundationEssentials
package import Language

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The record of a stack as a local JSON file: written to a temporary file, synced, renamed. What each apply left is beside
/// it, in folders: `NAME.runs/7/spec.yaml`, and `NAME.files/<sha256>` for the contents of files.
///
///     {"format": 1, "stack": "helpdesk", "servers": {"mlflow": {"name": "MLflow", "url": "http://…"}},
///      "entries": {"experiments.helpdesk": {"fields": {…}, "protect": false}}, "intents": {},
///      "history": [{"number": 7, …}], "lastNumber": 7}
package actor FileRecord: RecordStore {
    private struct Content: Codable {
        /// nil in files of older versions.
        var format: Int?
        /// Likewise.
        var stack: String?
        var servers: ServerIdentities?
        var entries: [String: Record.Entry] = [:]
        var intents: [String: Value] = [:]
        var history: [HistoryEntry] = []
        /// Stays when old applies go.
        var lastNumber: Int?

        var record: Record {
            Record(entries: entries, intents: intents, servers: servers ?? [:])
        }
    }

    /// The number of applies that are kept, the newest ones.
    private static let historyLimit = 100
    private let path: String
    private let stack: StackName?
    /// Closed once the lock is lost under which it is written.
    private let gate: LeaseGate?
    private let remains: FileRemains
    private var bound = BoundServers()
    /// What was written last, as long as the file is untouched: with thousands of documents on their way it is changed for
    /// each few of them.
    private var written: (content: Content, stamp: DigestCache.Stamp)?

    package nonisolated var place: String { path }

    /// - Parameter stack: Whose record it is; nil for whichever stack's the file is.
    package init(path: String, stack: StackName? = nil, gate: LeaseGate? = nil) {
        self.gate = gate
        self.path = path
        self.stack = stack
        remains = FileRemains(beside: path)
    }

    package func bind(to servers: ServerIdentities, isStrict: Bool) {
        bound = BoundServers(identities: servers, isStrict: isStrict)
    }

    package func load() throws -> Record {
        let record = try read().record
        try bound.check(record, at: path)
        return record
    }

    package func save(_ entries: [String: Record.Entry]) throws {
        try change { $0.entries = entries }
    }

    package func replace(with record: Record) throws {
        var content = Content()
        do {
            content = try read()
        } catch let diagnostic as Diagnostic where diagnostic.code == .recordUnreadable {
            // Something else in its place is what is replaced; what may not be read is not known to be that.
            guard (try? FileBytes.read(path, atMost: 256 << 20)) != nil else { throw diagnostic }
        }
        content.entries = record.entries
        content.intents = record.intents
        content.servers = record.servers
        try write(content)
    }

    package func open(_ intent: Value, for address: Address) throws {
        try change { $0.intents[address.description] = intent }
    }

    package func close(intentOf address: Address) throws {
        try change { $0.intents[address.description] = nil }
    }

    package func log(_ entry: HistoryEntry, leaving left: RunRemains?) throws {
        try gate?.check()
        var content = try read()
        let history = content.history.numbered
        var entry = entry
        let number = max(content.lastNumber ?? 0, history.last?.number ?? 0) + 1
        entry.number = number
        if let left {
            do {
                try remains.write(left, number: number)
            } catch {
                throw Diagnostic.recordNotWritable(path, error)
            }
        }
        content.history = (history + [entry]).suffix(Self.historyLimit)
        content.lastNumber = number
        try write(content)
        remains.removeRuns(before: content.history.first?.number ?? number)
    }

    package func history() throws -> [HistoryEntry] {
        try read().history.numbered.map { entry in
            var entry = entry
            if let noted = entry.number.flatMap({ remains.verdicts($0) }) { entry.verdicts = noted }
            return entry
        }
    }

    package func note(_ verdicts: [String]) throws {
        guard let newest = try history().last, let number = newest.number else { return }
        let all = HistoryEntry.verdicts(newest.verdicts ?? [], updatedBy: verdicts)
        do {
            try remains.note(all, number: number)
        } catch {
            throw Diagnostic.recordNotWritable(path, error)
        }
    }

    package func remains(ofRun number: Int) throws -> RunRemains? {
        try remains.read(number)
    }

    package func content(_ sha256: String) throws -> [UInt8]? {
        remains.content(sha256)
    }

    private func change(_ body: (inout Content) -> Void) throws {
        var content = try read()
        body(&content)
        content.servers = bound.over(content.servers ?? [:])
        try write(content)
    }

    private func write(_ content: Content) throws {
        try gate?.check()
        var content = content
        content.format = Record.format
        content.stack = stack?.name ?? content.stack
        do {
            let folder = URL(filePath: path).deletingLastPathComponent().path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let json = try Value(encoding: content).prettyJSON + "\n"
            try Data(json.utf8).write(to: URL(filePath: path), options: .atomic)
            written = DigestCache.Stamp(ofFileAt: path).map { (content, $0) }
        } catch {
            written = nil
            throw Diagnostic.recordNotWritable(path, error)
        }
    }

    private func read() throws -> Content {
        if let written, DigestCache.Stamp(ofFileAt: path) == written.stamp { return written.content }
        do {
            return try content(of: try FileBytes.read(path, atMost: 256 << 20))
        } catch FileBytes.Failure.missing {
            return Content()
        } catch FileBytes.Failure.tooManyOpenFiles {
            throw Diagnostic.tooManyOpenFiles("The stack's record `\(path)` cannot be read")
        } catch FileBytes.Failure.directory {
            throw Diagnostic.recordInFolder(path, stack)
        } catch FileBytes.Failure.unreadable(let reason) {
            throw Diagnostic.recordUnreadable(path, because: reason, fix: "Make it readable, or name another file.")
        } catch let diagnostic as Diagnostic {
            throw diagnostic
        } catch {
            throw Diagnostic.recordUnreadable(path)
        }
    }
}

extension FileRecord {
    private func content(of bytes: [UInt8]) throws -> Content {
        do {
            let value = try Value(json: bytes)
            try RecordFormat.check(value, at: path)
            let content: Content = try value.decoded()
            try requireOwn(content)
            return content
        } catch let diagnostic as Diagnostic {
            throw diagnostic
        } catch {
            throw Self.beginsAsRecord(bytes) ? Diagnostic.recordUnreadable(path) : .notARecord(path)
        }
    }

    /// Whether a record may have been cut off or damaged to this: each begins with its entries. Anything else is a file of
    /// somebody's, perhaps the spec, and is never replaced.
    private static func beginsAsRecord(_ bytes: [UInt8]) -> Bool {
        let beginning = Array("{\"entries\":".utf8)
        let found = bytes.lazy.filter { !" \t\r\n".utf8.contains($0) }.prefix(beginning.count)
        return beginning.starts(with: found)
    }

    /// - Throws: `Diagnostic` (`conflict`) when it says something of another stack.
    private func requireOwn(_ content: Content) throws {
        guard let stack, let other = content.stack, other != stack.name else { return }
        guard !content.record.isEmpty || !content.history.isEmpty else { return }
        throw Diagnostic.recordOfAnotherStack(path, other, stack)
    }
}

extension Diagnostic.Code {
    static let recordUnreadable: Diagnostic.Code = "record-unreadable"
}

extension Diagnostic {
    static func recordUnreadable(_ place: String) -> Diagnostic {
        Diagnostic(
            .recordUnreadable, "The stack's record cannot be read",
            detail: "`\(place)` is not what drover writes there.",
            fix: "Restore it, or run `drover state rebuild`: it is help, not truth; only the last applied fields are "
                + "lost.",
            cause: .unavailable)
    }

    fileprivate static func notARecord(_ path: String) -> Diagnostic {
        Diagnostic(
            "not-a-record", "A file that is no record of a stack",
            detail: "`\(path)` is there already, and is not what drover writes there.",
            fix: "Name another file for the record. Only where this one was the record, remove it; "
                + "`drover state rebuild` makes a new one from the marks on the servers.",
            cause: .usage)
    }

    fileprivate static func recordInFolder(_ path: String, _ stack: StackName?) -> Diagnostic {
        let folder = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        return Diagnostic(
            "not-a-record", "A folder in the place of a record",
            detail: "`\(path)` is a folder, and a record is a file.",
            fix: "Name a file, such as `\(folder)/\(stack?.name ?? "stack").record.json`.", cause: .usage)
    }

    fileprivate static func recordOfAnotherStack(_ path: String, _ other: String, _ stack: StackName) -> Diagnostic {
        Diagnostic(
            "record-of-another-stack", "The record is another stack's",
            detail: "`\(path)` holds what was applied of the stack `\(other)`, and this run is about `\(stack)`.",
            fix: "Name another file: each stack has a record of its own.", cause: .conflict)
    }

    fileprivate static func recordUnreadable(_ path: String, because reason: String, fix: String) -> Diagnostic {
        Diagnostic(
            "record-unreadable", "The stack's record cannot be read", detail: "`\(path)` cannot be read: \(reason).",
            fix: fix, cause: .unavailable)
    }

    fileprivate static func recordNotWritable(_ path: String, _ error: any Error) -> Diagnostic {
        let reason = ((error as? CocoaError)?.underlying as? POSIXError).map { SystemError.text($0.code.rawValue) }
        return Diagnostic(
            "record-not-writable", "The stack's record cannot be written",
            detail: "`\(path)` cannot be written" + (reason.map { ": \($0)." } ?? "."),
            fix: "Make its folder writable, make room there, or choose another file.", cause: .unavailable)
    }
}
