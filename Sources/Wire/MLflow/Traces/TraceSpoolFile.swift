import Language

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file of traces that wait for MLflow: a line that tells what is in it, then a trace a line, all of it JSON.
///
///     {"format":"drover-traces-1","server":"http://mlflow:5000","sha256":"9f86…","size":512,"traces":2}
///     {"experimentID":"1","id":{…},"spans":[…],…}
///     {"experimentID":"1","id":{…},"spans":[…],…}
struct TraceSpoolFile {
    struct Head: Codable {
        let format: String
        /// The address of the MLflow that they are for.
        let server: String
        let traces: Int
        /// Of the lines after this one, in bytes, and their SHA-256.
        let size: Int
        let sha256: String
    }

    /// Why a file cannot be used.
    struct Torn: Error {}

    private static let format = "drover-traces-1"
    /// More than any hundred traces have.
    private static let largest = 1 << 30

    let bytes: [UInt8]

    init(_ traces: [MLflowTrace], for server: String) throws {
        var lines: [UInt8] = []
        for trace in traces {
            lines += try Value(encoding: trace).canonicalJSON.utf8
            lines.append(UInt8(ascii: "\n"))
        }
        let head = Head(
            format: Self.format, server: server, traces: traces.count, size: lines.count, sha256: sha256Hex(lines))
        bytes = Array(try Value(encoding: head).canonicalJSON.utf8) + [UInt8(ascii: "\n")] + lines
    }

    /// Writes the whole file, and only then gives it its name. When this returns, file and name outlive the machine's end.
    /// - Throws: `FileBytes.Failure`; nothing is left then.
    func write(to draft: String, then path: String) throws {
        do {
            let file = try NewFile(draft)
            try bytes.withUnsafeBytes { try file.write($0) }
            try file.synchronize()
            guard rename(draft, path) == 0 else { throw FileBytes.Failure.unreadable(SystemError.text(errno)) }
            do {
                try Self.synchronizeFolder(of: path)
            } catch {
                unlink(path)
                throw error
            }
        } catch {
            unlink(draft)
            throw error
        }
    }

    /// Returns once the names in the folder of a file outlive the machine's end.
    private static func synchronizeFolder(of path: String) throws {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileBytes.Failure.unreadable(SystemError.text(errno)) }
        defer { close(descriptor) }
        // Some file systems cannot, and need not.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw FileBytes.Failure.unreadable(SystemError.text(errno))
        }
    }

    /// The first line of a file; whether the rest is there, but not whether it is right.
    /// - Throws: `Torn`, or `FileBytes.Failure`.
    static func head(of path: String) throws -> Head {
        try split(path).head
    }

    /// - Throws: `Torn` when it is not as it was written; `FileBytes.Failure`.
    static func traces(in path: String) throws -> [MLflowTrace] {
        let (head, lines) = try split(path)
        guard sha256Hex(lines) == head.sha256 else { throw Torn() }
        let traces: [MLflowTrace] = try lines.split(separator: UInt8(ascii: "\n")).map {
            try Value(json: Array($0)).decoded()
        }
        guard traces.count == head.traces else { throw Torn() }
        return traces
    }

    private static func split(_ path: String) throws -> (head: Head, lines: ArraySlice<UInt8>) {
        let bytes = try FileBytes.read(path, atMost: largest)
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { throw Torn() }
        let head: Head = try Value(json: Array(bytes[..<end])).decoded()
        let lines = bytes[(end + 1)...]
        guard head.format == format, head.size == lines.count else { throw Torn() }
        return (head, lines)
    }
}
