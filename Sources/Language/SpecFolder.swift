import FoundationEssentials

/// The files that a spec may read: relative to the file that names them, and inside the root.
package struct SpecFolder: Sendable {
    /// The longest file that is read whole, in bytes.
    private static let longest = 1 << 30

    private let root: String
    private let allowsOutside: Bool
    private let directory: @Sendable (SourceRange) -> String
    private let digests: FileDigests
    private let named = NamedFiles()
    private let places = RealPaths()

    /// - Parameters:
    ///   - root: The directory of the first path of the command line.
    ///   - allowsOutside: Whether files anywhere may be read.
    ///   - cache: Where digests of files are kept from one run to the next; nil keeps none.
    ///   - directory: The directory of the source that a range lies in.
    package init(
        root: String, allowsOutside: Bool = false, cache: String? = nil,
        directory: @escaping @Sendable (SourceRange) -> String
    ) {
        digests = FileDigests(keptIn: cache, root: root)
        self.root = root
        self.allowsOutside = allowsOutside
        self.directory = directory
    }

    /// Keeps the digests of what was hashed for later runs.
    package func keepDigests() {
        digests.save()
    }

    /// The root, absolute.
    package var rootDirectory: String {
        root
    }

    /// The directory that paths at a place are relative to.
    package func base(of range: SourceRange) -> String {
        directory(range)
    }

    /// The path of a file that may be anywhere, such as a certificate.
    package func location(of path: Located<String>) -> String {
        path.value.hasPrefix("/") ? path.value : directory(path.range) + "/" + path.value
    }

    /// The file that a path leads to, symlinks resolved.
    /// - Parameter pattern: The text in the spec, when the path is one of several that it stands for.
    /// - Throws: `Diagnostic` when it leaves the root.
    package func resolve(_ path: Located<String>, of pattern: String? = nil) throws(Diagnostic) -> String {
        let joined = path.value.hasPrefix("/") ? path.value : directory(path.range) + "/" + path.value
        let (resolved, top) = (places.resolve(joined), places.resolve(directory: root))
        guard allowsOutside || resolved == top || resolved.hasPrefix(top == "/" ? "/" : top + "/") else {
            throw .outsideRoot(pattern ?? path.value, at: path.range)
        }
        return resolved
    }

    /// The bytes of a file.
    package func bytes(of path: Located<String>) throws(Diagnostic) -> [UInt8] {
        let resolved = try resolve(path)
        do throws(FileBytes.Failure) {
            let bytes = try FileBytes.read(resolved, atMost: Self.longest)
            digests.note(FileContent(path: resolved, size: bytes.count, sha256: sha256Hex(bytes)))
            return bytes
        } catch {
            throw diagnostic(of: error, path)
        }
    }

    private func diagnostic(of failure: FileBytes.Failure, _ path: Located<String>) -> Diagnostic {
        switch failure {
        case .missing: .missingFile(path, base: directory(path.range))
        case .tooManyOpenFiles: .tooManyOpenFiles("The file `\(path.value)` cannot be read", at: path.range)
        case .directory, .tooLarge, .unreadable: .unreadableFile(path, failure.reason)
        }
    }

    /// The SHA-256 of each file that was read so far, by its path from the root; absolute outside of it.
    package var digestsRead: [String: String] {
        let top = places.resolve(directory: root) + "/"
        let pairs = digests.all.map { content in
            let isInside = content.path.utf8.starts(with: top.utf8)
            return (
                isInside ? String(content.path.utf8.dropFirst(top.utf8.count)) ?? content.path : content.path,
                content.sha256
            )
        }
        return Dictionary(pairs) { first, _ in first }
    }

    /// Size and digest of a file, which is read once per run.
    package func content(of path: Located<String>) throws(Diagnostic) -> FileContent {
        let resolved = try resolve(path)
        do throws(FileBytes.Failure) {
            let content = try digests.content(ofFileAt: resolved)
            named.noteDocument(content, at: spelled(path))
            return content
        } catch {
            throw diagnostic(of: error, path)
        }
    }

    /// Reads the digests of many files concurrently; failures are thrown when the content of a file is requested.
    package func readDigests(of paths: [Located<String>]) {
        digests.read(
            paths.compactMap { path in
                do throws(Diagnostic) {
                    return try resolve(path)
                } catch {
                    return nil
                }
            })
    }

    /// The text of a UTF-8 file, without a byte order mark.
    package func text(of path: Located<String>) throws(Diagnostic) -> String {
        let bytes = try bytes(of: path)
        guard let text = String(validating: ByteOrderMark.removed(from: bytes), as: UTF8.self) else {
            throw .unreadableFile(path, "it is not UTF-8 text")
        }
        named.noteText(bytes, at: spelled(path))
        return text
    }

    /// Notes a script, whose text is no part of a request: one of the files that the spec names. What cannot be read is
    /// not noted.
    package func noteScript(_ path: Located<String>) {
        // Whether a script is there is told elsewhere.
        if let bytes = try? bytes(of: path), String(validating: bytes, as: UTF8.self) != nil {
            named.noteText(bytes, at: spelled(path))
        }
    }

    /// The files that the spec names, as far as they were read, by path; and the contents of those that a record keeps:
    /// texts up to 1 MiB, and documents if wanted, by SHA-256.
    package func namedFiles(keepingDocuments: Bool) -> (files: [NamedFile], contents: [String: FileSource]) {
        named.all(keepingDocuments: keepingDocuments)
    }

    /// A path as a rendered spec has it.
    private func spelled(_ path: Located<String>) -> String {
        let directory = directory(path.range)
        guard directory != root, !path.value.hasPrefix("/") else { return path.value }
        return Paths.relative(Paths.resolve(path.value, in: directory), to: root)
    }
}

extension SpecFolder {
    /// What is wrong with a text file that a spec names; nothing for an empty path, because the missing field is
    /// reported already.
    package func problems(withText path: Located<String>) -> [Diagnostic] {
        guard !path.value.isEmpty else { return [] }
        do throws(Diagnostic) {
            _ = try text(of: path)
            return []
        } catch {
            return [error]
        }
    }
}

extension Diagnostic {
    fileprivate static func outsideRoot(_ path: String, at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "outside-root", "Path outside of the spec's directory",
            detail: "`\(path)` leads out of the directory of the spec.",
            fix: "Move the file beside the spec, or allow files outside of it.", at: range)
    }

    fileprivate static func missingFile(_ path: Located<String>, base: String) -> Diagnostic {
        let folder = URL(filePath: base + "/" + path.value).deletingLastPathComponent().path
        // A folder that cannot be listed has no names to suggest.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let wanted = path.value.split(separator: "/").last.map(String.init) ?? path.value
        let nearest = Suggestion.nearest(to: wanted, among: names)
        let location = path.value.hasPrefix("/") ? path.value : base + "/" + path.value
        if let target = FileBytes.danglingTarget(location) { return .danglingLink(path, to: target) }
        return Diagnostic(
            "missing-file", "Missing file", detail: "There is no file `\(path.value)`.",
            fix: nearest.map { "Did you mean `\(path.value.dropLast(wanted.count))\($0)`?" }
                ?? "Create it, or correct the path; paths are relative to the file that names them.",
            at: path.range)
    }

    private static func danglingLink(_ path: Located<String>, to target: String) -> Diagnostic {
        Diagnostic(
            "missing-file", "Missing file", detail: "`\(path.value)` is a link to `\(target)`, which is not there.",
            fix: "Create the file that it leads to, or correct the link.", at: path.range)
    }

    fileprivate static func unreadableFile(_ path: Located<String>, _ why: String) -> Diagnostic {
        Diagnostic(
            "unreadable-file", "Unreadable file", detail: "`\(path.value)` cannot be read: \(why).",
            fix: "Name a file that can be read.", at: path.range)
    }
}
