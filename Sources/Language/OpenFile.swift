#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that is open for reading, a piece at a time; closed when nobody has it any more.
package final class OpenFile {
    /// How much is read at once, in bytes.
    package static let pieceSize = 256 << 10

    private let descriptor: Int32

    package init(_ path: String) throws(FileBytes.Failure) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw errno == ENOENT ? .missing : .lastError }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Reads on into a buffer.
    /// - Returns: How many bytes came; 0 at the end.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileBytes.Failure) -> Int {
        try FileBytes.read(descriptor, into: buffer)
    }

    /// Hands what is left to a closure, piece by piece.
    /// - Returns: How many bytes there were.
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
