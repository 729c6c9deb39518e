import Language
import Synchronization
import Wire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a run of suites publishes, kept in a file until MLflow has it. The file goes when all is published; else the next
/// run sends what is in it: nothing is there twice then, for runs are found by their keys and traces by their ids. What MLflow
/// answered that it has is marked there, and not sent again.
package final class Spool: Sendable {
    private struct State {
        var descriptor: Int32 = -1
        var size = 0
        /// Why nothing more is kept: the room, or the system's reason.
        var problem: String?
        /// Whether that is the room, which is kept for the ends of suites.
        var isFull = false
        var suites: Set<String> = []
        var isEnded = false

        /// Lets others have the file at once: a program that is being started beside may have the descriptor for a moment, too.
        mutating func release() {
            guard descriptor >= 0 else { return }
            flock(descriptor, LOCK_UN)
            close(descriptor)
            descriptor = -1
        }
    }

    /// In bytes; traces beyond that are not kept.
    private static let largest = 256 << 20
    /// With the beginnings and ends of suites, which are small.
    static let largestFile = largest + 16 << 20
    /// For one server in one folder, without those that were set aside; while there are more, nothing more is kept.
    private static let most = 16
    /// In one folder, in bytes, of whatever waits there.
    private static let largestFolder = most * largest

    package let path: String
    private let directory: String
    private let room: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - name: The unique name of the run; the file is made with the first that is kept.
    ///   - room: For traces, in bytes.
    package init(in directory: String, name: String, room: Int? = nil) {
        self.directory = directory
        self.room = room ?? Self.largest
        path = "\(directory)/\(name).jsonl"
    }

    deinit {
        state.withLock { $0.release() }
    }

    /// Keeps the run of a suite, the first time.
    func keep(runOf suite: String, _ run: () -> SpoolEntry.Run) {
        let isFirst = state.withLock { $0.suites.insert(suite).inserted }
        if isFirst { keep(SpoolEntry(run: run())) }
    }

    /// Keeps an entry: also where there is no room for more traces, how a suite ended.
    func keep(_ entry: SpoolEntry) {
        let isTrace = entry.trace != nil
        state.withLock { state in
            guard !state.isEnded, state.problem == nil || (state.isFull && !isTrace),
                open(&state, for: entry.run?.server)
            else { return }
            let limit = isTrace ? room : Self.largestFile
            guard let line = try? entry.line, state.size + line.count <= limit else {  // A trace is always JSON.
                (state.problem, state.isFull) = ("there is room for \(room >> 20) MB", isTrace)
                return
            }
            state.size += line.count
            guard writeWhole(line[...], to: state.descriptor) else {
                (state.problem, state.isFull) = (SystemError.text(errno), false)
                return
            }
        }
    }

    /// Ends the spool of a run: nothing more is kept, and whoever wants to send it may.
    /// - Parameter isUnsent: Whether MLflow lacks something of it that it may take later.
    /// - Returns: What is kept, as the end of a sentence; nil when nothing is.
    func settle(isUnsent: Bool) -> String? {
        state.withLock { state in
            defer {
                state.release()
                state.isEnded = true
            }
            guard state.descriptor >= 0 else { return nil }
            guard isUnsent else {
                unlink(path)
                return nil
            }
            return state.problem.map { "a part of it is kept in `\(path)` (\($0))" } ?? "it is kept in `\(path)`"
        }
    }

    /// Why nothing at all is kept, as the end of a sentence; nil when something is, or nothing was to be.
    var refusal: String? { state.withLock { $0.descriptor < 0 && $0.size == 0 ? $0.problem : nil } }

    /// - Parameter server: The address of the MLflow that it is for.
    private func open(_ state: inout State, for server: String?) -> Bool {
        guard state.descriptor < 0 else { return true }
        if let problem = Self.crowd(in: directory, for: server) {
            state.problem = problem
            return false
        }
        makeFolders()
        // It gets its name once it is locked: nobody may take it for what an earlier run left, and remove it as sent.
        let new = "\(path).new"
        #if canImport(Glibc)
            state.descriptor = Glibc.open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        #elseif canImport(Musl)
            state.descriptor = Musl.open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        #elseif canImport(Darwin)
            state.descriptor = Darwin.open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        #endif
        guard state.descriptor >= 0 else {
            state.problem = SystemError.text(errno)
            return false
        }
        _ = flock(state.descriptor, LOCK_EX | LOCK_NB)
        guard rename(new, path) == 0 else {
            state.problem = SystemError.text(errno)
            close(state.descriptor)
            state.descriptor = -1
            unlink(new)
            return false
        }
        return true
    }

    /// Whether somebody has removed a spool since it was opened: then all of it is sent.
    static func isRemoved(_ descriptor: Int32) -> Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_nlink == 0
    }

    private func makeFolders() {
        var folder = ""
        for part in directory.split(separator: "/", omittingEmptySubsequences: false) {
            folder += (folder.isEmpty && !directory.hasPrefix("/") ? "" : "/") + part
            if folder != "/" { mkdir(folder, 0o700) }
        }
    }

    /// Why a folder takes no more; nil when it does.
    private static func crowd(in directory: String, for server: String?) -> String? {
        let all = files(in: directory)
        let size = all.reduce(0) { $0 + (attributes(of: $1).map { Int($0.st_size) } ?? 0) }
        guard size < largestFolder else {
            return "`\(directory)` holds \(largestFolder >> 30) GB that MLflow does not have"
        }
        let before = all.filter { aside($0) != $0 && self.server(of: $0).map { $0 == server } ?? false }
        return before.count < most ? nil : "`\(directory)` holds \(most) runs that MLflow does not have"
    }

    private static func attributes(of path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    /// The address of the MLflow that a spool is for, as its first line has it; nil where that cannot be read.
    private static func server(of path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        guard var lines = try? SpoolLines(fileno(file)), let line = try? lines.next() else { return nil }
        return (try? SpoolEntry(line: line))?.run?.server
    }

    private static let mark = ".waits.jsonl"

    /// The path of a spool that waits for more than MLflow's return: after the others, and beside their places.
    static func aside(_ path: String) -> String {
        path.hasSuffix(mark) ? path : path.dropLast(".jsonl".count) + mark
    }

    /// The paths of the spools in a folder, sorted; last those that were set aside.
    static func files(in directory: String) -> [String] {
        guard let folder = opendir(directory) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".jsonl") { names.append(name) }
        }
        let (last, first) = (names.filter { $0.hasSuffix(mark) }, names.filter { !$0.hasSuffix(mark) })
        return (first.sorted() + last.sorted()).map { "\(directory)/\($0)" }
    }
}
