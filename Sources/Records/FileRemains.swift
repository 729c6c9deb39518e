import Engine
import FoundationEssentials
import Language

/// What applies left, in folders beside a record's file.
struct FileRemains: Sendable {
    private let runs: String
    private let contents: String

    /// `shop.record.json` has `shop.record.runs` and `shop.record.files`.
    init(beside path: String) {
        let stem = path.hasSuffix(".json") ? String(path.dropLast(5)) : path
        runs = stem + ".runs"
        contents = stem + ".files"
    }

    func write(_ remains: RunRemains, number: Int) throws {
        try FileManager.default.createDirectory(atPath: contents, withIntermediateDirectories: true)
        var remains = remains
        for (sha256, source) in remains.contents.sorted(by: { $0.key < $1.key }) where content(sha256) == nil {
            guard let bytes = source.bytes(of: sha256) else {
                remains.forget(sha256)
                continue
            }
            try Data(bytes).write(to: URL(filePath: "\(contents)/\(sha256)"), options: .atomic)
        }
        let folder = "\(runs)/\(number)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for part in try remains.parts() {
            try Data(part.bytes).write(to: URL(filePath: "\(folder)/\(part.name)"), options: .atomic)
        }
    }

    /// nil when there is no spec.
    func read(_ number: Int) throws -> RunRemains? {
        let folder = "\(runs)/\(number)"
        return try RunRemains(at: folder) { name in
            do throws(FileBytes.Failure) {
                return try FileBytes.read("\(folder)/\(name)", atMost: 256 << 20)
            } catch {
                switch error {
                case .missing: return nil
                case .unreadable: throw Diagnostic.remainsDenied(folder)
                case .tooManyOpenFiles: throw Diagnostic.tooManyOpenFiles("`\(folder)/\(name)` cannot be read")
                case .directory, .tooLarge: throw Diagnostic.recordUnreadable(folder)
                }
            }
        }
    }

    /// A file of its own, which nobody else writes: the record itself changes only under the lock.
    func note(_ verdicts: [String], number: Int) throws {
        let folder = "\(runs)/\(number)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data((try Value(encoding: verdicts).prettyJSON + "\n").utf8).write(
            to: URL(filePath: "\(folder)/\(Self.verdictsFile)"), options: .atomic)
    }

    /// nil when there are none; what cannot be read is as good as that.
    func verdicts(_ number: Int) -> [String]? {
        guard let bytes = try? FileBytes.read("\(runs)/\(number)/\(Self.verdictsFile)", atMost: 16 << 20),
            let value = try? Value(json: bytes)
        else { return nil }
        return try? value.decoded()
    }

    private static let verdictsFile = "verdicts.json"

    func content(_ sha256: String) -> [UInt8]? {
        // What cannot be read is as good as not kept.
        guard let bytes = try? FileBytes.read("\(contents)/\(sha256)", atMost: 256 << 20), sha256Hex(bytes) == sha256
        else { return nil }
        return bytes
    }

    /// Removes what older applies left, which the history does not have any more; the contents of files stay.
    func removeRuns(before number: Int) {
        // What cannot be removed does no harm.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: runs)) ?? []
        for name in names {
            guard let old = Int(name), old < number else { continue }
            try? FileManager.default.removeItem(atPath: "\(runs)/\(name)")
        }
    }
}
