package import Language
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The append-only file of a run's log: each line is written as a whole, and lines can be read while more are added.
/// `LogEntry` describes their content.
package final class SampleLog: Sendable {
    /// The position of a line, in bytes, without its line break.
    struct Span: Sendable, Hashable {
        static let nowhere = Span(start: 0, count: 0)

        let start: Int
        let count: Int

        var isEmpty: Bool { count == 0 }
    }

    /// The longest line that is read, in bytes.
    private static let longest = 1 << 28

    package let path: String
    private let descriptor: Int32
    private let size: Mutex<Int>

    /// In bytes.
    var length: Int { size.withLock { $0 } }

    private init(_ path: String, _ descriptor: Int32, size: Int = 0) {
        self.path = path
        self.descriptor = descriptor
        self.size = Mutex(size)
    }

    deinit {
        close(descriptor)
    }

    /// Creates an empty log that only the user can read, and that disappears when the process ends for any reason.
    package static func temporary(in directory: String) throws(Diagnostic) -> SampleLog {
        let log = try create("\(directory)/drover-\(UInt64.random(in: 0...UInt64.max)).jsonl")
        unlink(log.path)
        return log
    }

    /// Creates an empty, permanent log.
    /// - Throws: Also when the file exists already.
    package static func create(_ path: String) throws(Diagnostic) -> SampleLog {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .logNotWritten(path, because: errno) }
        return SampleLog(path, descriptor)
    }

    /// Opens a log to read it.
    package static func read(_ path: String) throws(Diagnostic) -> SampleLog {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .logNotRead(path, because: errno) }
        let end = lseek(descriptor, 0, SEEK_END)
        return SampleLog(path, descriptor, size: max(0, Int(end)))
    }

    /// Appends a line, including its line break, and before it other lines.
    /// - Returns: The position of the line.
    func append(_ line: [UInt8], after lines: [UInt8] = []) throws(Diagnostic) -> Span {
        let text = lines.isEmpty ? line : lines + line
        let result = size.withLock { size -> Result<Span, Diagnostic> in
            var rest = text[...]
            while !rest.isEmpty {
                let place = size + text.count - rest.count
                let written = rest.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(place)) }
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { return .failure(.logNotWritten(path, because: errno)) }
                rest = rest.dropFirst(written)
            }
            defer { size += text.count }
            return .success(Span(start: size + lines.count, count: line.count - 1))
        }
        return try result.get()
    }

    /// Appends many lines with few writes; nobody else may append meanwhile.
    func collecting(_ body: (inout Lines) throws(Diagnostic) -> Void) throws(Diagnostic) {
        var lines = Lines(log: self, start: size.withLock { $0 })
        try body(&lines)
        try lines.write()
    }

    /// Lines that are written together.
    struct Lines {
        private static let limit = 1 << 16

        let log: SampleLog
        private var start: Int
        private var text: [UInt8] = []

        fileprivate init(log: SampleLog, start: Int) {
            self.log = log
            self.start = start
        }

        /// Appends a line, including its line break, and before it other lines.
        /// - Returns: Where the line will be.
        mutating func append(_ line: [UInt8], after lines: [UInt8] = []) throws(Diagnostic) -> Span {
            if text.count >= Self.limit { try write() }
            text += lines
            defer { text += line }
            return Span(start: start + text.count, count: line.count - 1)
        }

        fileprivate mutating func write() throws(Diagnostic) {
            guard !text.isEmpty else { return }
            _ = try log.append(text)
            start += text.count
            text.removeAll(keepingCapacity: true)
        }
    }

    /// The line at a place.
    func line(at span: Span) throws(Diagnostic) -> [UInt8] {
        let bytes = try bytes(from: span.start, count: span.count)
        guard bytes.count == span.count else { throw .logNotRead(path, because: EIO) }
        return bytes
    }

    /// Passes on the lines in order, each with its position; a last line without a line break is skipped. It holds no
    /// more in memory than one line and one read buffer.
    func forEachLine(_ body: (Span, [UInt8]) throws(Diagnostic) -> Void) throws(Diagnostic) {
        let end = size.withLock { $0 }
        var pending: [UInt8] = []
        var start = 0
        var place = 0
        while place < end {
            let chunk = try bytes(from: place, count: min(1 << 16, end - place))
            guard !chunk.isEmpty else { return }
            place += chunk.count
            var rest = chunk[...]
            while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
                pending += rest[..<newline]
                try body(Span(start: start, count: pending.count), pending)
                start += pending.count + 1
                pending.removeAll(keepingCapacity: true)
                rest = rest[(newline + 1)...]
            }
            pending += rest
            guard pending.count <= Self.longest else {
                throw unreadable(at: start, UnreadableRecord(reason: "the line has no end"))
            }
        }
    }

    /// Whether a first line begins a log that this version reads.
    func checkBeginning(_ line: [UInt8]) throws(Diagnostic) {
        guard let run = (try? Value(json: line))?["run"] else { throw .notALog(path) }  // The reason does not matter.
        let format = run["format"]?.integer ?? 1
        guard format <= RunRecord.format else { throw .newerLog(path, format, run["version"]?.string) }
    }

    /// What is wrong with a line, by the position where it starts.
    func unreadable(at start: Int, _ problem: UnreadableRecord) -> Diagnostic {
        Diagnostic(
            "unreadable-log", "Unreadable log of a run",
            detail: "`\(path)` cannot be read at byte \(start): \(problem.reason).",
            fix: "Use the log as drover wrote it, with the version that wrote it or a later one.", cause: .unavailable)
    }

    private func bytes(from start: Int, count: Int) throws(Diagnostic) -> [UInt8] {
        var failure: Int32?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while initialized < count, let base = buffer.baseAddress {
                let got = pread(descriptor, base + initialized, count - initialized, off_t(start + initialized))
                if got < 0, errno == EINTR { continue }
                if got < 0 { failure = errno }
                guard got > 0 else { return }
                initialized += got
            }
        }
        if let failure { throw .logNotRead(path, because: failure) }
        return bytes
    }
}

extension Diagnostic {
    fileprivate static func logNotWritten(_ path: String, because number: Int32) -> Diagnostic {
        Diagnostic(
            "samples-not-written", "The samples could not be kept",
            detail: "`\(path)` cannot be written: \(SystemError.text(number)).",
            fix: "Make room there, or keep the log elsewhere.", cause: .unavailable)
    }

    fileprivate static func notALog(_ path: String) -> Diagnostic {
        Diagnostic(
            "not-a-log", "Not a log of a run", detail: "`\(path)` does not begin as the log of a run does.",
            fix: "Name a log that a test run of drover kept.", cause: .usage)
    }

    fileprivate static func newerLog(_ path: String, _ format: Int, _ version: String?) -> Diagnostic {
        Diagnostic(
            "newer-log", "Log of a newer drover",
            detail:
                "`\(path)` was written by drover\(version.map { " \($0)" } ?? "") in the form \(format), and this version "
                + "reads only \(RunRecord.format).",
            fix: "Read it with the version that wrote it or a later one.", cause: .usage)
    }

    fileprivate static func logNotRead(_ path: String, because number: Int32) -> Diagnostic {
        Diagnostic(
            "unreadable-log", "Unreadable log of a run",
            detail: "`\(path)` cannot be read: \(SystemError.text(number)).",
            fix: "Check the path, and that you may read the file.", cause: .unavailable)
    }
}
