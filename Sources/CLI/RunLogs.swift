import FoundationEssentials
import Language
import Reports
import Suites

/// The logs of test runs, which later runs go on with and reports are made from: `.drover/runs/ID.jsonl` in the working
/// directory, the newest ones of each stack.
enum RunLogs {
    private static let folder = ".drover/runs"
    /// How many logs of a stack are kept.
    private static let most = 20
    /// Older logs go when all of them together are larger, in bytes; the newest few stay whatever their size.
    private static let largest = 1 << 30
    private static let fewest = 5

    /// `helpdesk-20260601-120000-3f2a`.
    static func id(of stack: String, at date: Date) -> String {
        let digits = date.formatted(.iso8601).filter(\.isNumber)
        let random = String(UInt16.random(in: 0...UInt16.max) | 0x1000, radix: 16)
        return "\(stack)-\(digits.prefix(8))-\(digits.dropFirst(8))-\(random)"
    }

    /// Checks a path that a log is asked to be kept at, and leaves it as it is.
    /// - Throws: `Diagnostic` when something is there already, or nothing can be written there.
    static func check(_ path: String) throws {
        guard !FileManager.default.fileExists(atPath: path) else { throw Diagnostic.logExists(path) }
        try ReportFile(path, of: .log).check()
    }

    /// Makes the log of a run that begins, and removes old ones of the same stack.
    /// - Parameter path: Where it is asked to be; nil for the usual place.
    /// - Returns: A warning where the usual place cannot be written to: then the log disappears with the run.
    static func create(_ id: String, of stack: String, at path: String?) throws -> (SampleLog, Diagnostic?) {
        if let path { return (try SampleLog.create(path), nil) }
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let log = try SampleLog.create("\(folder)/\(id).jsonl")
            prune(stack)
            return (log, nil)
        } catch {
            let temporary = FileManager.default.temporaryDirectory.path
            return (try SampleLog.temporary(in: temporary), .notKept(folder))
        }
    }

    /// How many earlier runs a report shows.
    private static let shown = 12

    /// Keeps what a run came to beside its log, where that is kept in the usual place. Without it, later reports show less.
    /// - Parameter isJoined: Whether it is of joined shards, of which the usual place has no log.
    static func keep(_ totals: RunTotals, isJoined: Bool = false) {
        guard let id = totals.id, isJoined || FileManager.default.fileExists(atPath: "\(folder)/\(id).jsonl"),
            let bytes = try? totals.bytes
        else { return }
        if isJoined {
            try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            pruneTotals(String(id.dropLast(21)))
        }
        try? ReportFile(totalsPath(id), of: .log).write { try $0.write(bytes) }
    }

    /// The run with what the runs of its stack before it came to, as far as that is kept. Those before a joined run are whole
    /// ones, each once however often it was joined, for shards are its own parts.
    static func withEarlier(_ recorded: RecordedRun) -> RecordedRun {
        guard let id = recorded.run.id else { return recorded }
        let before = ids(of: totalsEnding).filter {
            $0.dropLast(21) == id.dropLast(21) && $0.suffix(20) < id.suffix(20)
        }
        let isJoined = recorded.record.parts != nil
        var begun: Set<String> = isJoined ? [recorded.run.startedAt] : []
        var totals: [RunTotals] = []
        for name in before.reversed() where totals.count < shown {
            // What cannot be read is not shown.
            guard let run = (try? FileBytes.read(totalsPath(name), atMost: 64 << 20)).flatMap({ RunTotals($0) }),
                run.target == recorded.run.target,
                !isJoined || (run.isWhole && begun.insert(run.startedAt).inserted)
            else { continue }
            totals.append(run)
        }
        return recorded.after(totals.reversed())
    }

    private static let totalsEnding = ".totals.json"

    private static func totalsPath(_ id: String) -> String {
        "\(folder)/\(id)\(totalsEnding)"
    }

    /// What the ids of runs look like.
    static var form: Regex<Substring> { /.+-[0-9]{8}-[0-9]{6}-[0-9a-f]{4}/ }

    /// The log that a path or an id names; nil when there is none.
    static func path(of name: String) -> String? {
        if FileManager.default.fileExists(atPath: name) { return name }
        let kept = "\(folder)/\(name).jsonl"
        return !name.contains("/") && FileManager.default.fileExists(atPath: kept) ? kept : nil
    }

    /// Opens the log that a path or an id names.
    static func open(_ name: String) throws(Diagnostic) -> SampleLog {
        let kept = "\(folder)/\(name).jsonl"
        let isID = !name.contains("/") && !FileManager.default.fileExists(atPath: name)
        guard isID else { return try SampleLog.read(name) }
        guard FileManager.default.fileExists(atPath: kept) else { throw .noSuchRun(name, among: ids()) }
        return try SampleLog.read(kept)
    }

    /// The oldest first, by default of logs.
    private static func ids(of ending: String = ".jsonl") -> [String] {
        // Where the folder cannot be read, there are none.
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasSuffix(ending) }.map { String($0.dropLast(ending.count)) }
            .sorted { $0.suffix(20) < $1.suffix(20) }
    }

    /// Makes room for what joined runs came to, which have no log there.
    private static func pruneTotals(_ stack: String) {
        let logs = Set(ids())
        let own = ids(of: totalsEnding).filter { $0.dropLast(21) == stack && !logs.contains($0) }
        for id in own.dropLast(most - 1) { try? FileManager.default.removeItem(atPath: totalsPath(id)) }
    }

    /// What cannot be removed stays.
    private static func prune(_ stack: String) {
        let own = ids().filter { $0.dropLast(21) == stack }
        var total = 0
        for (age, id) in own.reversed().enumerated() {
            let path = "\(folder)/\(id).jsonl"
            total += (try? OpenFile(path))?.size ?? 0
            if age >= most || (age >= fewest && total > largest) {
                try? FileManager.default.removeItem(atPath: path)
                try? FileManager.default.removeItem(atPath: totalsPath(id))
            }
        }
    }
}

extension Diagnostic {
    fileprivate static func logExists(_ path: String) -> Diagnostic {
        Diagnostic(
            "log-exists", "Log in the way", detail: "`\(path)` is there already, and a log is never written over.",
            fix: "Name another file, remove it, or go on with its run by `--resume`.", cause: .usage)
    }

    fileprivate static func notKept(_ folder: String) -> Diagnostic {
        Diagnostic(
            "log-not-kept", "The run's log is not kept",
            detail:
                "`\(folder)` cannot be written to, so this run cannot be gone on with, and no report made of it later.",
            fix: "Make the working directory writable, or keep the log elsewhere with `--log`.", severity: .warning,
            cause: .unavailable)
    }

    fileprivate static func noSuchRun(_ name: String, among ids: [String]) -> Diagnostic {
        Diagnostic(
            "no-such-run", "No such run", detail: "No log of a run `\(name)` is kept here, and there is no such file.",
            fix: Suggestion.nearest(to: name, among: ids).map { "Did you mean `\($0)`?" }
                ?? (ids.isEmpty
                    ? "Name the file of a log."
                    : "Use one of the newest, \(ids.suffix(3).reversed().listed), or name a file."),
            cause: .usage)
    }
}
