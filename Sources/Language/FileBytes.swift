#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Reads whole files, never more than a limit.
package enum FileBytes {
    /// Why a file was not read.
    package enum Failure: Error, Sendable, Hashable {
        case missing
        case directory
        case tooLarge
        /// What the system says, for example `Permission denied`.
        case unreadable(String)
    }

    /// The bytes of a file, a pipe or a device; with more than the limit, reading stops with `tooLarge`.
    package static func read(_ path: String, atMost limit: Int) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw errno == ENOENT ? .missing : .unreadable(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        return try read(descriptor, atMost: limit)
    }

    /// The one name of a file without symbolic links; nil where there is no file.
    package static func canonicalPath(_ path: String) -> String? {
        guard let pointer = realpath(path, nil) else { return nil }
        defer { free(pointer) }
        return String(cString: pointer)
    }

    /// The bytes of standard input up to its end.
    package static func standardInput(atMost limit: Int) throws(Failure) -> [UInt8] {
        try read(STDIN_FILENO, atMost: limit)
    }

    private static func read(_ descriptor: Int32, atMost limit: Int) throws(Failure) -> [UInt8] {
        var status = stat()
        let size = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
        var bytes = [UInt8](repeating: 0, count: min(max(size, 4_095), limit) + 1)
        var count = 0
        while true {
            let got = bytes.withUnsafeMutableBytes { buffer in
                guard let base = buffer.baseAddress else { return 0 }
                #if canImport(Glibc)
                    return Glibc.read(descriptor, base + count, buffer.count - count)
                #elseif canImport(Musl)
                    return Musl.read(descriptor, base + count, buffer.count - count)
                #elseif canImport(Darwin)
                    return Darwin.read(descriptor, base + count, buffer.count - count)
                #endif
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw errno == EISDIR ? .directory : .unreadable(String(cString: strerror(errno))) }
            count += got
            if count > limit { throw .tooLarge }
            if got == 0 {
                bytes.removeLast(bytes.count - count)
                return bytes
            }
            if count == bytes.count { bytes += [UInt8](repeating: 0, count: min(count, limit + 1 - count)) }
        }
    }
}
