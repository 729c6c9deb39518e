#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that is open for reading in chunks; closed when it is released.
package final class OpenFile {
    /// How much is read at once, in bytes.
    package static let pieceSize = 256 << 10

    private let descriptor: Int32

    package init(_ path: String) throws(FileBytes.Failure) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .lastError }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Reads the next bytes into a buffer.
    /// - Returns: The number of bytes read; 0 at the end.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileBytes.Failure) -> Int {
        try FileBytes.read(descriptor, into: buffer)
    }

    /// Where the file ends now, in bytes.
    package var size: Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Goes on reading from a place, counted in bytes from the beginning.
    package func skip(to place: Int) {
        lseek(descriptor, off_t(place), SEEK_SET)
    }

    /// Passes the rest of the file to a closure, chunk by chunk.
    /// - Returns: The number of bytes read.
    package func forEachPiece(_ body: (UnsafeRawBufferPointer) -> Void) throws(FileBytes.Failure) -> Int {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceSize, alignment: 16)
        defer { buffer.deallocate() }
        var size = 0
        while true {
            let count = try read(into: buffer)
            guard count > 0 else { return size }
            body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            size += count
        }
    }
}
