import Engine
import FoundationEssentials
import Language

/// The spec of an earlier apply with all the files that it names.
struct EarlierSpec: Sendable {
    private let number: Int
    private let spec: String
    /// By the path that the spec has for them.
    private let files: [(path: String, content: FileSource)]
    /// The directory of the spec as it is now, where secrets are.
    private let directory: String

    /// Reads what an apply left.
    /// - Throws: `Diagnostic` (`lacking`) when it kept no spec; `Diagnostics` (`lacking`) when files are missing, or cannot be put
    ///   where the spec names them.
    static func find(_ number: Int, in store: any RecordStore, beside directory: String) async throws -> EarlierSpec {
        guard let remains = try await store.remains(ofRun: number) else {
            throw Diagnostic.noKeptSpec(number, at: store.place)
        }
        var files: [(path: String, content: FileSource)] = []
        var missing: [NamedFile] = []
        var elsewhere: [NamedFile] = []
        for file in remains.files {
            // A file that is as it was keeps its permissions, too.
            if let present = present(file, in: directory) {
                files.append((file.path, .file(present)))
            } else if file.path.hasPrefix("/") {
                // It would be read where it is, as it is now.
                elsewhere.append(file)
            } else if file.isKept, let bytes = try await store.content(file.sha256) {
                files.append((file.path, .bytes(bytes)))
            } else {
                missing.append(file)
            }
        }
        let problems = [
            missing.isEmpty ? nil : Diagnostic.notKept(missing, number),
            elsewhere.isEmpty ? nil : Diagnostic.elsewhere(elsewhere, number),
        ].compactMap(\.self)
        guard problems.isEmpty else { throw Diagnostics(problems) }
        return EarlierSpec(number: number, spec: remains.spec, files: files, directory: directory)
    }

    /// The file as it is now, if it is as it was.
    private static func present(_ file: NamedFile, in directory: String) -> String? {
        let path = file.path.hasPrefix("/") ? file.path : "\(directory)/\(file.path)"
        guard let resolved = FileBytes.canonicalPath(path) else { return nil }
        // What cannot be read is missing.
        let content = try? FileDigests().content(ofFileAt: resolved)
        return content?.sha256 == file.sha256 ? resolved : nil
    }

    /// Writes everything as it was, so that the spec can be read.
    /// - Returns: The spec's file, and whether it names files outside of its directory.
    func write(to folder: String) throws -> (file: String, isOutside: Bool) {
        // As deep as paths lead out of the spec's directory.
        let others = others
        let depth = (files.map(\.path) + others).map(Self.ascent).max() ?? 0
        let root = ([folder] + (0...depth).map { "\($0)" }).joined(separator: "/")
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        for (path, content) in files where !path.hasPrefix("/") {
            let target = "\(root)/\(path)"
            try FileManager.default.createDirectory(atPath: Paths.parent(of: target), withIntermediateDirectories: true)
            switch content {
            case .bytes(let bytes):
                try Data(bytes).write(to: URL(filePath: target))
                // The record keeps no permissions: a script is one that may be run.
                if bytes.starts(with: Array("#!".utf8)) {
                    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: target)
                }
            case .file(let source): try FileManager.default.copyItem(atPath: source, toPath: target)
            }
        }
        for path in others {
            let (source, target) = ("\(directory)/\(path)", "\(root)/\(path)")
            guard FileManager.default.fileExists(atPath: source), !FileManager.default.fileExists(atPath: target) else {
                continue
            }
            try FileManager.default.createDirectory(atPath: Paths.parent(of: target), withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: target, withDestinationPath: source)
        }
        let file = "\(root)/apply-\(number).yaml"
        try Data(spec.utf8).write(to: URL(filePath: file))
        return (file, depth > 0 || files.contains { $0.path.hasPrefix("/") })
    }

    /// The other files that the spec names from its directory: secrets, certificates and programs, which are never kept.
    private var others: [String] {
        let source = Source(path: "the spec of apply \(number)", bytes: Array(spec.utf8))
        let documents = Reader.reading(source, id: SourceID(index: 0)).documents
        return Set(documents.flatMap(\.namedPaths)).filter { !$0.hasPrefix("/") }.sorted()
    }

    /// How far a path leads up before it leads down.
    private static func ascent(of path: String) -> Int {
        Paths.shortened(path).split(separator: "/").prefix { $0 == ".." }.count
    }
}

extension Node {
    /// What stands in the fields of files, and the programs of commands.
    fileprivate var namedPaths: [String] {
        let fields = ["file", "caFile", "certFile", "keyFile"]
        let own = (entries ?? []).compactMap { entry -> String? in
            if fields.contains(entry.key) { return entry.value.string }
            guard entry.key == "command", let program = entry.value.elements?.first?.string else { return nil }
            return program.contains("/") ? program : nil
        }
        return own + (entries ?? []).flatMap(\.value.namedPaths) + (elements ?? []).flatMap(\.namedPaths)
    }
}

extension Diagnostic {
    fileprivate static func elsewhere(_ files: [NamedFile], _ number: Int) -> Diagnostic {
        Diagnostic(
            "files-elsewhere", "Files outside of the spec's directory are others now",
            detail:
                "The spec of apply \(number) names \(files.count == 1 ? "a file" : "\(files.count) files") by a whole path, and "
                + "\(files.count == 1 ? "it is" : "they are") not there as \(files.count == 1 ? "it was" : "they were") applied. Nothing was "
                + "planned: what is there now would have been taken.",
            fix:
                "Put back what was there, and run this again; name files by paths from the spec's directory from now on.",
            notes: files.map { Note("`\($0.path)`, \($0.size) bytes, SHA-256 \($0.sha256)") }, cause: .lacking)
    }

    fileprivate static func noKeptSpec(_ number: Int, at place: String) -> Diagnostic {
        Diagnostic(
            "no-kept-spec", "An apply that kept no spec",
            detail:
                "The record in `\(place)` does not hold the spec of run \(number): it was cut off, is no apply but an "
                + "import, an accepted drift or something done to a release by hand, is of an older version of drover, or "
                + "what it left was removed or changed.",
            fix: "Choose another apply, or go back to the spec's commit and apply that.", cause: .lacking)
    }

    fileprivate static func notKept(_ files: [NamedFile], _ number: Int) -> Diagnostic {
        Diagnostic(
            "files-not-kept", "Files of an earlier apply are missing",
            detail:
                "Apply \(number) had other contents of \(files.count) \(files.count == 1 ? "file" : "files"), which "
                + "the record does not keep. Nothing was planned.",
            fix:
                "Put back what it had, and run this again. `record: {keepDocuments: true}` in the spec keeps documents "
                + "from the next apply on.",
            notes: files.map { Note("`\($0.path)`, \($0.size) bytes, SHA-256 \($0.sha256)") }, cause: .lacking)
    }
}
