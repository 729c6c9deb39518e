#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What tells a file from another one, or from what was in it earlier.
package struct FileStamp: Sendable, Hashable {
    private let device: UInt64
    private let number: UInt64
    private let size: Int64
    private let seconds: Int
    private let nanoseconds: Int

    /// nil where nothing can be looked at. Links are followed.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        (device, number, size) = (UInt64(status.st_dev), UInt64(status.st_ino), Int64(status.st_size))
        #if canImport(Darwin)
            (seconds, nanoseconds) = (status.st_mtimespec.tv_sec, status.st_mtimespec.tv_nsec)
        #else
            (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        #endif
    }
}

/// Sees from time to time whether files have changed. They are looked at again until they stay as they are from one look to
/// the next: who replaces two files does so one after the other.
package struct FileWatch: Sendable {
    private var known: [FileStamp?]
    private var seen: [FileStamp?]

    package init(_ stamps: [FileStamp?]) {
        (known, seen) = (stamps, stamps)
    }

    /// - Returns: Whether the files are others than before, and have come to rest; each change is told once.
    package mutating func hasChanged(_ stamps: [FileStamp?]) -> Bool {
        let rests = stamps == seen
        seen = stamps
        guard rests, stamps != known else { return false }
        known = stamps
        return true
    }
}
