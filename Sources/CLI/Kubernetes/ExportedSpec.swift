import Engine
import FoundationEssentials
import Language
import Wire

/// A spec as one document with the files that it names, to be run elsewhere.
struct ExportedSpec {
    struct File {
        /// From the directory of the spec.
        let path: String
        let bytes: [UInt8]
    }

    /// A secret that the spec takes from an environment variable.
    struct SecretVariable: Hashable {
        let name: String
        let isOptional: Bool
    }

    /// The most that a ConfigMap holds, in bytes: what Kubernetes allows, less what its own fields take.
    static let most = 1_000_000
    /// What the rendered spec is called beside its files.
    static let document = "drover.yaml"

    let stack: String
    /// The rendered spec first; empty where the image holds them.
    let files: [File]
    /// Of the spec and all its files, as a part of a name: what has another one is another spec.
    let digest: String
    let secrets: [SecretVariable]

    /// - Parameter isInImage: Whether the image holds the spec and its files, so that they are not read.
    /// - Throws: `Diagnostic` for a file that lies outside of the spec's directory, has the name of the rendered spec, is too
    ///   long, or changed while it was read.
    init(_ stack: Stack, isInImage: Bool) throws {
        let rendered = stack.rendered
        self.stack = stack.workflow.stack.name
        secrets = stack.secretSources.compactMap(\.value.variable).distinct
        let (named, contents) = stack.folder.namedFiles(keepingDocuments: true)
        let document = File(path: Self.document, bytes: Array(YAMLWriter.write(rendered).utf8))
        let digests = ["\(document.path)\0\(sha256Hex(document.bytes))"] + named.map { "\($0.path)\0\($0.sha256)" }
        digest = String(sha256Hex(Array(digests.joined(separator: "\0").utf8)).prefix(10))
        guard !isInImage else {
            files = []
            return
        }
        let others = try named.map { file in
            guard !file.path.hasPrefix("/"), !file.path.hasPrefix("../") else {
                throw Diagnostic.outsideOfExport(file.path)
            }
            guard file.path != Self.document else { throw Diagnostic.takenInExport(file.path) }
            guard !file.path.contains(":") else { throw Diagnostic.colonInExport(file.path) }
            return File(path: file.path, bytes: try Self.content(of: file, contents[file.sha256]))
        }
        files = [document] + others
    }

    /// All of it together, in bytes.
    var size: Int { files.map(\.bytes.count).reduce(0, +) }

    private static func content(of file: NamedFile, _ source: FileSource?) throws -> [UInt8] {
        switch source {
        case .bytes(let bytes): return bytes
        case .file(let path):
            guard let bytes = try? FileBytes.read(path, atMost: most), sha256Hex(bytes) == file.sha256 else {
                throw Diagnostic.notExported(file)  // It is too long, or not what it was.
            }
            return bytes
        case nil: throw Diagnostic.notExported(file)
        }
    }
}

extension SecretSource {
    /// The environment variable that it is; nil for a file.
    fileprivate var variable: ExportedSpec.SecretVariable? {
        guard case .environment(let name, let isOptional) = self else { return nil }
        return ExportedSpec.SecretVariable(name: name, isOptional: isOptional)
    }
}

extension [ExportedSpec.SecretVariable] {
    /// Each name once; one that is needed anywhere is not optional.
    fileprivate var distinct: Self {
        var seen: [String: Bool] = [:]
        for secret in self { seen[secret.name] = (seen[secret.name] ?? true) && secret.isOptional }
        return seen.sorted { $0.key < $1.key }.map { Element(name: $0.key, isOptional: $0.value) }
    }
}

extension Diagnostic {
    fileprivate static func outsideOfExport(_ path: String) -> Diagnostic {
        Diagnostic(
            "outside-root", "Path outside of the spec's directory",
            detail: "`\(path)` is not in the directory of the spec, which is what is exported.",
            fix: "Move the file beside the spec.")
    }

    fileprivate static func takenInExport(_ path: String) -> Diagnostic {
        Diagnostic(
            "name-in-export", "A file with the name of the exported spec",
            detail: "The spec names the file `\(path)`, which is what the rendered spec is called beside its files.",
            fix: "Rename the file, or put the spec into the image instead, with `--spec-in-image`.")
    }

    fileprivate static func colonInExport(_ path: String) -> Diagnostic {
        Diagnostic(
            "name-in-export", "A file that cannot be mounted",
            detail: "The spec names the file `\(path)`, and Kubernetes mounts nothing at a path with `:`.",
            fix: "Rename the file, or put the spec into the image instead, with `--spec-in-image`.")
    }

    fileprivate static func notExported(_ file: NamedFile) -> Diagnostic {
        Diagnostic(
            "not-exported", "A file could not be exported",
            detail:
                "`\(file.path)` (\(file.size) bytes) is longer than a ConfigMap may be, or changed while it was read.",
            fix: "Put the spec into the image instead, with `--spec-in-image`.", cause: .unavailable)
    }
}
