package import Engine
import FoundationEssentials
package import Language

/// The record of a stack as a local JSON file: written to a temporary file, synced, renamed.
///
///     {"entries": {"experiments.helpdesk": {"fields": {…}, "protect": false}}, "intents": {}, "history": [{…}]}
package actor FileRecord: RecordStore {
    private struct Content: Codable {
        var entries: [String: Record.Entry] = [:]
        var intents: [String: Value] = [:]
        var history: [HistoryEntry] = []
    }

    /// The number of applies that are kept, the newest ones.
    private static let historyLimit = 100
    private let path: String

    package init(path: String) {
        self.path = path
    }

    package func load() throws -> Record {
        let content = try read()
        return Record(entries: content.entries, intents: content.intents)
    }

    package func save(_ entries: [String: Record.Entry]) throws {
        try change { $0.entries = entries }
    }

    package func open(_ intent: Value, for address: Address) throws {
        try change { $0.intents[address.description] = intent }
    }

    package func close(intentOf address: Address) throws {
        try change { $0.intents[address.description] = nil }
    }

    package func log(_ entry: HistoryEntry) throws {
        try change { $0.history = ($0.history + [entry]).suffix(Self.historyLimit) }
    }

    private func change(_ body: (inout Content) -> Void) throws {
        var content = try read()
        body(&content)
        do {
            let folder = URL(filePath: path).deletingLastPathComponent().path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let json = try Value(encoding: content).prettyJSON + "\n"
            try Data(json.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw Diagnostic.recordNotWritable(path)
        }
    }

    private func read() throws -> Content {
        do {
            let bytes = try FileBytes.read(path, atMost: 256 << 20)
            return try Value(json: bytes).decoded()
        } catch FileBytes.Failure.missing {
            return Content()
        } catch FileBytes.Failure.tooManyOpenFiles {
            throw Diagnostic.tooManyOpenFiles("The stack's record `\(path)` cannot be read")
        } catch FileBytes.Failure.directory {
            throw Diagnostic.recordUnreadable(path, because: "it is a folder", fix: "Name a file.")
        } catch FileBytes.Failure.unreadable(let reason) {
            throw Diagnostic.recordUnreadable(path, because: reason, fix: "Make it readable, or name another file.")
        } catch {
            throw Diagnostic.recordUnreadable(path)
        }
    }
}

extension Diagnostic {
    static func recordUnreadable(_ place: String) -> Diagnostic {
        Diagnostic(
            "record-unreadable", "The stack's record cannot be read",
            detail: "`\(place)` is not what drover writes there.",
            fix: "Restore it, or remove it: it is help, not truth; only the last applied fields are lost.",
            cause: .unavailable)
    }

    fileprivate static func recordUnreadable(_ path: String, because reason: String, fix: String) -> Diagnostic {
        Diagnostic(
            "record-unreadable", "The stack's record cannot be read", detail: "`\(path)` cannot be read: \(reason).",
            fix: fix, cause: .unavailable)
    }

    fileprivate static func recordNotWritable(_ path: String) -> Diagnostic {
        Diagnostic(
            "record-not-writable", "The stack's record cannot be written", detail: "`\(path)` cannot be written.",
            fix: "Make its folder writable, make room there, or choose another file.", cause: .unavailable)
    }
}
