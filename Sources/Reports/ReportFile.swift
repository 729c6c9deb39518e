import Language

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The file of a report or a saved plan. It is replaced atomically: until the new content is complete, the old one stays.
package struct ReportFile: Sendable {
    private struct Failure: Error {
        /// What the system says.
        let number = errno
    }

    /// What is written to a file.
    package enum Content: Sendable {
        case report, plan, log
    }

    private let path: String
    private let content: Content

    package init(_ path: String, of content: Content = .report) {
        self.path = path
        self.content = content
    }

    /// Replaces the file by what the body writes.
    /// - Throws: `Diagnostic` when it cannot be written, or what the body throws; the file is unchanged then.
    package func write(_ body: (inout ReportOutput) throws -> Void) throws {
        do {
            // The target of a link is replaced, not the link; a pipe or a device is written to.
            let target = FileBytes.canonicalPath(path) ?? path
            var status = stat()
            let isThere = stat(target, &status) == 0
            guard !isThere || status.st_mode & S_IFMT == S_IFREG else {
                return try Self.write(target, O_WRONLY, body)
            }
            try Self.replace(target, mode: isThere ? status.st_mode & 0o777 : nil, body)
        } catch let failure as Failure {
            throw notWritten(because: failure.number)
        }
    }

    /// Tries whether the file can be written, and leaves it as it is.
    /// - Throws: `Diagnostic` when it cannot.
    package func check() throws {
        let target = FileBytes.canonicalPath(path) ?? path
        var status = stat()
        guard stat(target, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else {
            guard status.st_mode & S_IFMT != S_IFDIR, access(target, W_OK) == 0 else {
                throw notWritten(because: status.st_mode & S_IFMT == S_IFDIR ? nil : errno)
            }
            return
        }
        let draft = "\(target).\(UInt32.random(in: 0...UInt32.max)).part"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw notWritten(because: errno) }
        close(descriptor)
        unlink(draft)
    }

    /// Whether another path leads to the same file, by a link too, or to the same place where none is yet. Pipes and devices
    /// are never the same: nothing in them is replaced.
    package func isFile(at other: String) -> Bool {
        guard let own = Identity(path), let others = Identity(other) else { return false }
        return own == others
    }

    /// What a path leads to.
    private enum Identity: Equatable {
        case file(device: dev_t, number: ino_t)
        /// The path of a file that is not there yet, in its folder as that is called without links.
        case place(String)

        /// Nil for what is no file.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else {
                let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map(path.utf8.index(after:)) ?? path.startIndex
                let folder = name == path.startIndex ? "." : String(path[..<name])
                self = .place("\(FileBytes.canonicalPath(folder) ?? folder)/\(path[name...])")
                return
            }
            guard status.st_mode & S_IFMT == S_IFREG else { return nil }
            self = .file(device: status.st_dev, number: status.st_ino)
        }
    }

    /// - Parameter number: What the system says; nil for a folder.
    func notWritten(because number: Int32?) -> Diagnostic {
        if let number, OpenFileLimit.isMeant(by: number) { return .tooManyOpenFiles("`\(path)` cannot be written") }
        let (code, subject): (Diagnostic.Code, String) =
            switch content {
            case .report: ("report-not-written", "A report")
            case .plan: ("plan-not-written", "The plan")
            case .log: ("log-not-written", "The run's log")
            }
        return Diagnostic(
            code, "\(subject) could not be written",
            detail: "`\(path)` cannot be written: \(number.map(SystemError.text) ?? "it is a folder").",
            fix: "Name a file in a folder that exists, may be written to, and has room.", cause: .unavailable)
    }

    private static func replace(
        _ target: String, mode: mode_t?, _ body: (inout ReportOutput) throws -> Void
    ) throws {
        let draft = "\(target).\(UInt32.random(in: 0...UInt32.max)).part"
        do {
            try write(draft, O_WRONLY | O_CREAT | O_EXCL, body)
            if let mode { _ = chmod(draft, mode) }
            guard rename(draft, target) == 0 else { throw Failure() }
        } catch {
            _ = unlink(draft)
            throw error
        }
    }

    private static func write(
        _ path: String, _ flags: Int32, _ body: (inout ReportOutput) throws -> Void
    ) throws {
        let descriptor = open(path, flags | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw Failure() }
        defer { close(descriptor) }
        try ReportOutput.collect({ guard writeWhole($0, to: descriptor) else { throw Failure() } }, body)
    }
}
