import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The digests of files from earlier runs, kept in a file: what was not touched since is not read again.
///
/// A digest is valid as long as the file has the device, the inode, the size and both times that it had when it was
/// hashed, and both times were at least two seconds old then: a file that was just written may be written again within
/// the same tick of the clock. A cache that cannot be read or written costs only time.
package struct DigestCache: Sendable {
    private static let version = 1
    /// How old a file must be when it is hashed for its digest to be kept.
    private static let settled: Int64 = 2_000_000_000

    /// What says that a file is the same one, untouched.
    package struct Stamp: Sendable, Hashable, Encodable {
        var device: UInt64
        var inode: UInt64
        var size: Int64
        /// In nanoseconds since 1970.
        var modified: Int64
        /// Likewise; nobody can set this one.
        var changed: Int64

        /// nil when there is no regular file at the path, or its times do not fit into nanoseconds of 64 bits: after
        /// the year 2262.
        package init?(ofFileAt path: String) {
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
            size = Int64(status.st_size)
            #if canImport(Darwin)
                let (modified, changed) = (status.st_mtimespec, status.st_ctimespec)
            #else
                let (modified, changed) = (status.st_mtim, status.st_ctim)
            #endif
            guard let last = Self.nanoseconds(modified), let made = Self.nanoseconds(changed) else { return nil }
            (self.modified, self.changed) = (last, made)
        }

        /// nil for a time that they cannot tell.
        private static func nanoseconds(_ time: timespec) -> Int64? {
            let (seconds, isBeyond) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
            let (sum, isOver) = seconds.addingReportingOverflow(Int64(time.tv_nsec))
            return isBeyond || isOver ? nil : sum
        }

        fileprivate init?(_ value: Value) {
            guard let device = value["device"]?.integer, let inode = value["inode"]?.integer,
                let size = value["size"]?.integer, let modified = value["modified"]?.integer,
                let changed = value["changed"]?.integer, device >= 0, inode >= 0
            else { return nil }
            (self.device, self.inode, self.size) = (UInt64(device), UInt64(inode), Int64(size))
            (self.modified, self.changed) = (Int64(modified), Int64(changed))
        }

        /// Whether the last change was long enough before a time.
        func isSettled(at time: Int64) -> Bool {
            let (end, isOver) = max(modified, changed).addingReportingOverflow(DigestCache.settled)
            return !isOver && end <= time
        }
    }

    private struct Entry: Sendable, Hashable, Encodable {
        var stamp: Stamp
        var sha256: String

        init(stamp: Stamp, sha256: String) {
            self.stamp = stamp
            self.sha256 = sha256
        }

        /// Member by member: there are as many as documents, and a decoder takes several times as long.
        init?(_ value: Value) {
            guard let sha256 = value["sha256"]?.string, let stamp = value["stamp"].flatMap(Stamp.init) else {
                return nil
            }
            self.init(stamp: stamp, sha256: sha256)
        }
    }

    private struct Content: Encodable {
        var version: Int
        var files: [String: Entry]
    }

    private let path: String
    private var entries: [String: Entry]
    private var isChanged = false

    /// Reads the cache in a directory for the specs of one root.
    init(in directory: String, root: String) {
        path = "\(directory)/\(sha256Hex(Array(root.utf8)).prefix(16)).json"
        let bytes = (try? FileBytes.read(path, atMost: 64 << 20)) ?? []
        let content = try? Value(json: bytes)
        entries =
            content?["version"]?.integer == Self.version
            ? (content?["files"]?.object ?? [:]).compactMapValues(Entry.init) : [:]
    }

    /// In nanoseconds since 1970, by the clock that stamps files.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// The content of a file that was not touched since it was hashed; nil when it must be read.
    func content(ofFileAt path: String, as stamp: Stamp) -> FileContent? {
        guard let entry = entries[path], stamp == entry.stamp else { return nil }
        return FileContent(path: path, size: Int(stamp.size), sha256: entry.sha256)
    }

    /// Keeps a digest of a file that had been settled when it was read.
    mutating func note(_ content: FileContent, as stamp: Stamp, at time: Int64) {
        guard stamp.isSettled(at: time), Int(stamp.size) == content.size else { return }
        let entry = Entry(stamp: stamp, sha256: content.sha256)
        guard entries[content.path] != entry else { return }
        entries[content.path] = entry
        isChanged = true
    }

    /// Writes the cache, without files that are gone, if there is something new in it.
    mutating func save() {
        guard isChanged else { return }
        isChanged = false
        entries = entries.filter { Stamp(ofFileAt: $0.key) != nil }
        guard let value = try? Value(encoding: Content(version: Self.version, files: entries)) else { return }
        let manager = FileManager.default
        let temporary = "\(path).\(getpid())"
        do {
            try manager.createDirectory(
                atPath: String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.endIndex)),
                withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let file = try NewFile(temporary)
            try Array(value.canonicalJSON.utf8).withUnsafeBytes { try file.write($0) }
        } catch {
            unlink(temporary)
            return
        }
        if rename(temporary, path) != 0 { unlink(temporary) }
    }
}
