import Language
import Runtime
import Wire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a spool holds beside its traces.
struct SpooledContent {
    /// In their order, one for each suite.
    var runs: [SpoolEntry.Run] = []
    var ends: [SpoolEntry.End] = []
    /// By suite.
    var settled: [String: SpoolEntry.Settled] = [:]
    var sent: [SpoolEntry.Sent] = []

    mutating func add(_ entry: SpoolEntry) {
        if let run = entry.run, !runs.contains(where: { $0.suite == run.suite }) { runs.append(run) }
        if let end = entry.end { ends.append(end) }
        if let told = entry.settled, settled[told.suite] == nil { settled[told.suite] = told }
        if let mark = entry.sent { sent.append(mark) }
    }

    /// What the samples of a suite count under; nil where they are no evidence.
    func key(of run: SpoolEntry.Run) -> String? {
        if let told = settled[run.suite] { return told.evidence?.key }
        guard let end = ends.first(where: { $0.suite == run.suite }), end.isOpen != true else {
            return run.evidence?.key
        }
        return end.evidence?.key
    }

    /// Whether MLflow has all of a suite.
    func isWhole(_ suite: String) -> Bool { sent.contains { $0.suite == suite && $0.isWhole == true } }
}

/// A spool that is being sent, locked until it is let go. It is never in memory as a whole.
final class SpooledFile {
    let path: String
    private let descriptor: Int32
    /// Whether marks were added, or stand in it since another try.
    private var isMarked = false

    /// - Returns: Nil when its run still goes on, or somebody else sends it or has sent it.
    /// - Throws: `FileBytes.Failure` when it cannot be read and written.
    init?(_ path: String) throws(FileBytes.Failure) {
        self.path = path
        descriptor = open(path, O_RDWR | O_APPEND | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .unreadable(SystemError.text(errno))
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, !Spool.isRemoved(descriptor) else { return nil }
    }

    deinit {
        guard descriptor >= 0 else { return }
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Its lines so far.
    func lines() throws(FileBytes.Failure) -> SpoolLines { try SpoolLines(descriptor) }

    /// What it holds beside traces; the last line of a run that was killed may be cut off.
    func content() throws(FileBytes.Failure) -> SpooledContent {
        var content = SpooledContent()
        var lines = try lines()
        while let line = try lines.next() {
            guard !SpoolEntry.isTrace(line), let entry = try? SpoolEntry(line: line) else { continue }
            content.add(entry)
        }
        isMarked = isMarked || (Spool.aside(path) != path && !content.sent.isEmpty)
        return content
    }

    /// Remembers what MLflow has. Where there is no room for that, the same is sent once more.
    func mark(_ sent: SpoolEntry.Sent) {
        guard let line = try? SpoolEntry(sent: sent).line else { return }  // It is always JSON.
        isMarked = true
        // What stands before may have been cut off in its line.
        _ = writeWhole([UInt8(ascii: "\n")] + line, to: descriptor)
    }

    /// Removes it: all of it is sent.
    func remove() { unlink(path) }

    /// Lets it wait beside the others, whose place it does not take, without the traces that need not be sent again.
    func setAside() {
        let aside = Spool.aside(path)
        let draft = "\(aside).new"
        do {
            guard isMarked else {
                rename(path, aside)
                return
            }
            try writeRest(to: draft)
            guard rename(draft, aside) == 0 else { throw FileBytes.Failure.unreadable(SystemError.text(errno)) }
            if aside != path { unlink(path) }
        } catch {
            // Without room for another file it stays as it is.
            unlink(draft)
            rename(path, aside)
        }
    }

    /// Writes what still waits to another file.
    private func writeRest(to draft: String) throws {
        unlink(draft)
        let done = Set(try content().sent.flatMap { $0.traces ?? [] })
        let file = try NewFile(draft)
        var lines = try lines()
        while let line = try lines.next() {
            guard let entry = try? SpoolEntry(line: line) else { continue }
            if let trace = entry.trace, done.contains(trace.trace.id.hexadecimal) { continue }
            try (line + [UInt8(ascii: "\n")]).withUnsafeBytes { try file.write($0) }
        }
        try file.synchronize()
    }
}
