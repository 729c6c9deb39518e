import FoundationEssentials
package import Language
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Traces that MLflow does not take at the moment, in a folder of their own: they are sent when it is back, or by the
/// next process that uses the folder. Only its owner may read what is in it; one process uses it at a time.
///
/// Each file is written once, before it gets its name: what a crash leaves unfinished does not count. See
/// `TraceSpoolFile`.
package final class TraceSpool: Sendable {
    /// A file as it is listed.
    struct Entry: Sendable, Hashable {
        let name: String
        let traces: Int
        let bytes: Int
        /// Whether it is sent alone, since the server did not answer it before.
        var isPostponed = false
    }

    private struct State {
        /// In the order in which they are sent: by age, and after them those that are postponed.
        var entries: ArraySlice<Entry> = []
        var bytes = 0
        var lastNumber = 0
        var server = ""
        /// Whether it was reported that nothing more can be kept.
        var isTroubled = false
    }

    /// What is read at once, unless one file is larger.
    private static let batchBytes = 16 << 20

    package let directory: String
    private let limit: Int
    private let warn: @Sendable (Diagnostic) -> Void
    private let lock: Int32
    private let state = Mutex(State())
    /// The same two numbers, readable at any time: the state is locked while files are written and synced.
    private let shown = Mutex((waiting: 0, bytes: 0))

    /// Takes over a folder, which is created when it is missing.
    ///
    /// - Parameters:
    ///   - limit: In bytes; what does not fit is dropped.
    ///   - warn: Is told of files that cannot be used, and when there is no more room.
    /// - Throws: `Diagnostic` when it cannot be used, or another process uses it.
    package init(
        in directory: String, limit: Int, warn: @escaping @Sendable (Diagnostic) -> Void
    ) throws(Diagnostic) {
        (self.directory, self.limit, self.warn) = (directory, limit, warn)
        mkdir(directory, 0o700)
        lock = open("\(directory)/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw .unusableSpool(directory, SystemError.text(errno)) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw .unusableSpool(directory, "another process uses it")
        }
    }

    deinit {
        // A program that is being started beside has the descriptor for a moment, too, and must not hold the lock.
        flock(lock, LOCK_UN)
        close(lock)
    }

    /// How many traces wait in it for the server that it was begun for.
    package var waiting: Int {
        shown.withLock { $0.waiting }
    }

    /// How large its files are together.
    package var bytes: Int {
        shown.withLock { $0.bytes }
    }

    private func show(_ state: State) {
        let now = (waiting: state.entries.reduce(0) { $0 + $1.traces }, bytes: state.bytes)
        shown.withLock { $0 = now }
    }

    /// Finds what is left from earlier, for a server. Files for another server stay, and are reported; so are
    /// incomplete files, which are set aside.
    func begin(for server: String) {
        var entries: [Entry] = []
        var (number, foreign) = (0, 0)
        for name in names() {
            number = max(number, Int(name.prefix { $0.isNumber }) ?? 0)
            switch name.split(separator: ".").last {
            case "unfinished": unlink(path(name))
            case "traces":
                let head: TraceSpoolFile.Head
                do {
                    head = try TraceSpoolFile.head(of: path(name))
                } catch let failure as FileBytes.Failure where failure != .missing {
                    continue  // It may be readable when this is begun again.
                } catch {
                    setAside(name)
                    continue
                }
                if head.server == server {
                    entries.append(Entry(name: name, traces: head.traces, bytes: head.size))
                } else {
                    foreign += head.traces
                }
            case _: break
            }
        }
        if foreign > 0 { warn(.foreignTraces(foreign, directory)) }
        let found = State(
            entries: entries[...], bytes: entries.reduce(0) { $0 + $1.bytes }, lastNumber: number, server: server)
        state.withLock { state in
            state = found
            show(state)
        }
    }

    /// Keeps traces, in the order in which they came: as many of them as there is room for.
    /// - Returns: How many there was no room for.
    func keep(_ traces: [MLflowTrace]) -> Int {
        var (rest, size) = (traces[...], traces.count)
        while !rest.isEmpty {
            guard let problem = state.withLock({ add(Array(rest.prefix(size)), to: &$0) }) else {
                rest = rest.dropFirst(size)
                continue
            }
            guard size > 1 else {
                tell(problem)
                break
            }
            size /= 2
        }
        return rest.count
    }

    /// Warns that nothing more can be kept, once.
    private func tell(_ problem: String) {
        let isFirst = state.withLock { state in
            defer { state.isTroubled = true }
            return !state.isTroubled
        }
        if isFirst { warn(.spoolFull(directory, problem)) }
    }

    /// Writes a file.
    /// - Returns: Why it is not there; nil when it is.
    private func add(_ traces: [MLflowTrace], isPostponed: Bool = false, to state: inout State) -> String? {
        do {
            let file = try TraceSpoolFile(traces, for: state.server)
            guard state.bytes + file.bytes.count <= limit else {
                return "the limit of \(limit < 1 << 20 ? "\(limit >> 10) KB" : "\(limit >> 20) MB") is reached"
            }
            state.lastNumber += 1
            let digits = String(state.lastNumber)
            let name = String(repeating: "0", count: max(0, 12 - digits.count)) + digits
            try file.write(to: path("\(name).unfinished"), then: path("\(name).traces"))
            let entry = Entry(
                name: "\(name).traces", traces: traces.count, bytes: file.bytes.count, isPostponed: isPostponed)
            let place = isPostponed ? nil : state.entries.firstIndex(where: \.isPostponed)
            state.entries.insert(entry, at: place ?? state.entries.endIndex)
            state.bytes += file.bytes.count
            show(state)
            return nil
        } catch let failure as FileBytes.Failure {
            return failure.reason
        } catch {
            return "\(error)"
        }
    }

    /// Lets all others go first, after the server did not answer what is in these files: each is sent alone then, and one
    /// that was alone is parted, so that in the end only what is never answered stays.
    func postpone(_ entries: [Entry], _ traces: [MLflowTrace]) {
        if let alone = entries.first, alone.isPostponed, traces.count > 1, part(traces) { return remove([alone]) }
        state.withLock { state in
            for entry in entries {
                guard let index = state.entries.firstIndex(of: entry) else { continue }
                state.entries.remove(at: index)
                state.entries.append(
                    Entry(name: entry.name, traces: entry.traces, bytes: entry.bytes, isPostponed: true))
            }
        }
    }

    /// Writes two files with half of the traces each.
    /// - Returns: Whether both are there; else neither is.
    private func part(_ traces: [MLflowTrace]) -> Bool {
        let middle = traces.count / 2
        let halves = [Array(traces[..<middle]), Array(traces[middle...])]
        let (isWhole, written) = state.withLock { state in
            let before = state.entries.count
            let isWhole = halves.allSatisfy { add($0, isPostponed: true, to: &state) == nil }
            return (isWhole, Array(state.entries.dropFirst(before)))
        }
        if !isWhole { remove(written) }
        return isWhole
    }

    /// The traces that have waited longest, and where they are: as many whole files as have no more than so many traces
    /// together and are not large, and at least one. nil when none wait.
    func oldest(upTo count: Int) -> (entries: [Entry], traces: [MLflowTrace])? {
        var (entries, traces): ([Entry], [MLflowTrace]) = ([], [])
        var room = Self.batchBytes
        // Nobody else removes files.
        while let next = state.withLock({ $0.entries.dropFirst(entries.count).first }),
            entries.first.map({ !$0.isPostponed && !next.isPostponed }) ?? true,
            entries.isEmpty || traces.count + next.traces <= count && next.bytes <= room
        {
            do {
                traces += try TraceSpoolFile.traces(in: path(next.name))
                entries.append(next)
                room -= next.bytes
            } catch let failure as FileBytes.Failure where failure != .missing {
                // The next look may read it; where only this one cannot be read, it does not hold up the others.
                if entries.isEmpty, failure != .tooManyOpenFiles { postpone([next], []) }
                break
            } catch {
                forget(next)
                setAside(next.name)
            }
        }
        return entries.isEmpty ? nil : (entries, traces)
    }

    /// Removes what was sent.
    func remove(_ entries: [Entry]) {
        for entry in entries {
            forget(entry)
            unlink(path(entry.name))
        }
    }

    private func forget(_ entry: Entry) {
        state.withLock { state in
            guard let index = state.entries.firstIndex(of: entry) else { return }
            state.entries.remove(at: index)
            state.bytes -= entry.bytes
            show(state)
            if state.entries.isEmpty { state.isTroubled = false }
        }
    }

    /// Files that are not whole are kept under another name, for whoever wants to look at them.
    private func setAside(_ name: String) {
        rename(path(name), path(name) + ".torn")
        warn(.torn(path(name)))
    }

    private func path(_ name: String) -> String {
        "\(directory)/\(name)"
    }

    private func names() -> [String] {
        // What cannot be listed has no files for us; keeping traces there tells why.
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
    }
}

extension Diagnostic {
    fileprivate static func unusableSpool(_ directory: String, _ reason: String) -> Diagnostic {
        Diagnostic(
            "unusable-spool", "Unusable folder for traces", detail: "`\(directory)` cannot be used: \(reason).",
            fix: "Name a folder that this process alone may write to.", cause: .usage)
    }

    fileprivate static func foreignTraces(_ count: Int, _ directory: String) -> Diagnostic {
        Diagnostic(
            "traces-for-another", "Traces for another MLflow",
            detail:
                "In `\(directory)` \(count == 1 ? "waits" : "wait") \(count.counting("trace")) for an MLflow at another address; \(count == 1 ? "it stays" : "they stay") there.",
            fix: "Start once with that address to send them, or delete the files.", severity: .warning)
    }

    fileprivate static func spoolFull(_ directory: String, _ reason: String) -> Diagnostic {
        Diagnostic(
            "traces-dropped", "Traces are dropped",
            detail: "MLflow does not take traces at the moment, and `\(directory)` takes no more: \(reason).",
            fix: "Make MLflow reachable, or give the folder more room.", severity: .warning, cause: .unavailable)
    }

    fileprivate static func torn(_ path: String) -> Diagnostic {
        Diagnostic(
            "torn-traces", "A file of traces is not whole",
            detail: "`\(path)` is not as it was written, so its traces are not sent. Its name ends with `.torn` now.",
            fix: "Delete it when it is not wanted.", severity: .warning)
    }
}
