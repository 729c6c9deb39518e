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
        /// The open-file limit is reached.
        case tooManyOpenFiles
        /// What the system says, for example `Permission denied`.
        case unreadable(String)
    }

    /// The bytes of a file, a pipe or a device; with more than the limit, reading stops with `tooLarge`.
    package static func read(_ path: String, atMost limit: Int) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .lastError }
        defer { close(descriptor) }
        return try read(descriptor, atMost: limit)
    }

    /// The bytes of a text file, without a byte order mark.
    package static func text(_ path: String, atMost limit: Int) throws(Failure) -> [UInt8] {
        ByteOrderMark.removed(from: try read(path, atMost: limit))
    }

    /// Whether it is an ordinary file, which can be read twice, and whose opening waits for nobody: no pipe and no
    /// device.
    package static func isRegular(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Whether it is a pipe, which can be read once only.
    package static func isPipe(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
    }

    /// The canonical path of a file, symbolic links resolved; nil when there is no file.
    package static func canonicalPath(_ path: String) -> String? {
        guard let pointer = realpath(path, nil) else { return nil }
        defer { free(pointer) }
        return String(cString: pointer)
    }

    /// The target of a symbolic link as it is written, when nothing is there; nil when the path is no such link.
    package static func danglingTarget(_ path: String) -> String? {
        var target = [CChar](repeating: 0, count: 4_096)
        guard canonicalPath(path) == nil else { return nil }
        let count = readlink(path, &target, target.count)
        return count > 0 ? String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
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
            let got = try read(descriptor, into: &bytes, from: count)
            count += got
            if count > limit { throw .tooLarge }
            if got == 0 {
                bytes.removeLast(bytes.count - count)
                return bytes
            }
            if count == bytes.count { bytes += [UInt8](repeating: 0, count: min(count, limit + 1 - count)) }
        }
    }
    private static func read(
        _ descriptor: Int32, into bytes: inout [UInt8], from start: Int
    ) throws(Failure) -> Int {
        do {
            return try bytes.withUnsafeMutableBytes { try read(descriptor, into: .init(rebasing: $0[start...])) }
        } catch {
            throw error as? Failure ?? .lastError
        }
    }

    /// Reads the next bytes into a buffer.
    /// - Returns: The number of bytes read; 0 at the end.
    static func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
        while true {
            #if canImport(Glibc)
                let got = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            #elseif canImport(Musl)
                let got = Musl.read(descriptor, buffer.baseAddress, buffer.count)
            #elseif canImport(Darwin)
                let got = Darwin.read(descriptor, buffer.baseAddress, buffer.count)
            #endif
            if got >= 0 { return got }
            guard errno == EINTR else { throw .lastError }
        }
    }
}

extension FileBytes.Failure {
    /// The last system error.
    static var lastError: FileBytes.Failure {
        switch errno {
        case ENOENT: .missing
        case EISDIR: .directory
        case let number where OpenFileLimit.isMeant(by: number): .tooManyOpenFiles
        case let number: .unreadable(SystemError.text(number))
        }
    }

    /// Why the file was not read, as the end of a sentence: `it is a directory`, `Permission denied`.
    package var reason: String {
        switch self {
        case .missing: "it is not there"
        case .directory: "it is a directory"
        case .tooLarge: "it is too large"
        case .tooManyOpenFiles: OpenFileLimit.reason
        case .unreadable(let reason): reason
        }
    }
}
