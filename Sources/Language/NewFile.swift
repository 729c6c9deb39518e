import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A new file that is written in chunks, and whose digest is known once it is written.
package final class NewFile {
    private let path: String
    private let descriptor: Int32
    private var digest = StreamingDigest()
    private var size = 0

    /// Makes the file; only its owner may read it.
    /// - Throws: `FileBytes.Failure` when it is there already, or cannot be made.
    package init(_ path: String) throws(FileBytes.Failure) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .lastError }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Appends bytes.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(FileBytes.Failure) {
        digest.update(bytes)
        size += bytes.count
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            #if canImport(Glibc)
                let count = Glibc.write(descriptor, part.baseAddress, part.count)
            #elseif canImport(Musl)
                let count = Musl.write(descriptor, part.baseAddress, part.count)
            #elseif canImport(Darwin)
                let count = Darwin.write(descriptor, part.baseAddress, part.count)
            #endif
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .lastError }
            rest = rest.dropFirst(count)
        }
    }

    /// Returns once what was written would survive a crash of the machine.
    package func synchronize() throws(FileBytes.Failure) {
        guard fsync(descriptor) == 0 else { throw .lastError }
    }

    /// What was written so far.
    package var content: FileContent {
        FileContent(path: path, size: size, sha256: digest.hexadecimal)
    }
}

/// Gives a body an unused path, and removes what is there when the body ends.
package func withTemporaryPath<R>(_ body: (String) async throws -> R) async throws -> R {
    let path = FileManager.default.temporaryDirectory.appending(path: "drover-\(UUID().uuidString)").path
    // What cannot be removed is left to the system.
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}
