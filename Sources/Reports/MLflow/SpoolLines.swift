import Language

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The lines of an open file, up to its end when it was asked for them. No more than a line and what was read with it is in
/// memory.
struct SpoolLines {
    /// The longest line, in bytes.
    private static let longest = Spool.largestFile

    private let descriptor: Int32
    private let end: Int
    private var place = 0
    private var chunk: ArraySlice<UInt8> = []

    /// - Throws: `FileBytes.Failure`.
    init(_ descriptor: Int32) throws(FileBytes.Failure) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(SystemError.text(errno)) }
        self.descriptor = descriptor
        end = Int(status.st_size)
    }

    /// The next line without its line break, which the last one may lack; nil after the last.
    /// - Throws: `FileBytes.Failure`.
    mutating func next() throws(FileBytes.Failure) -> [UInt8]? {
        var line: [UInt8] = []
        while true {
            if let newline = chunk.firstIndex(of: UInt8(ascii: "\n")) {
                line += chunk[..<newline]
                chunk = chunk[(newline + 1)...]
                if line.isEmpty { continue }
                return line
            }
            line += chunk
            guard line.count <= Self.longest else { throw .tooLarge }
            chunk = try read()
            if chunk.isEmpty { return line.isEmpty ? nil : line }
        }
    }

    private mutating func read() throws(FileBytes.Failure) -> ArraySlice<UInt8> {
        let size = min(1 << 16, end - place)
        guard size > 0 else { return [] }
        var failure: Int32?
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            var got = pread(descriptor, buffer.baseAddress, size, off_t(place))
            while got < 0, errno == EINTR { got = pread(descriptor, buffer.baseAddress, size, off_t(place)) }
            if got < 0 { failure = errno }
            count = max(0, got)
        }
        if let failure { throw .unreadable(SystemError.text(failure)) }
        place += bytes.count
        return bytes[...]
    }
}
