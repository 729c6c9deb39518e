import FoundationEssentials
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where paths really lead, with the symlinks on the way resolved. Each directory is looked at once per run; of a file
/// in it, only whether it is a link itself, and once, too.
final class RealPaths: Sendable {
    private let directories = Mutex<[ExactText: String]>([:])
    private let files = Mutex<[ExactText: String]>([:])

    /// The place that an absolute path leads to; what is not there is only spelled without `.` and `..`.
    func resolve(_ path: String) -> String {
        let key = ExactText(path)
        if let known = files.withLock({ $0[key] }) { return known }
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return Self.resolved(path) }
        let name = path[path.utf8.index(after: slash)...]
        guard !name.isEmpty, name != ".", name != "..", !path.utf8.contains(0) else { return Self.resolved(path) }
        let directory = resolve(directory: slash == path.startIndex ? "/" : String(path[..<slash]))
        let place = directory == "/" ? "/\(name)" : "\(directory)/\(name)"
        var status = stat()
        guard lstat(place, &status) == 0, status.st_mode & S_IFMT != S_IFLNK else { return Self.resolved(path) }
        files.withLock { $0[key] = place }
        return place
    }

    /// Likewise of a directory, as of the first time.
    func resolve(directory: String) -> String {
        let key = ExactText(directory)
        if let known = directories.withLock({ $0[key] }) { return known }
        let resolved = Self.resolved(directory)
        directories.withLock { $0[key] = resolved }
        return resolved
    }

    private static func resolved(_ path: String) -> String {
        URL(filePath: path).standardizedFileURL.resolvingSymlinksInPath().path
    }
}
