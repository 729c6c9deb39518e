import Engine
import FoundationEssentials
import Language

/// A document as it is wanted in a store: found and hashed, but not held in memory.
package struct Document: Sendable, Hashable {
    /// The source of its bytes.
    enum Content: Sendable, Hashable {
        case file(FileContent)
        case text(String)
        case download(url: Located<String>, sha256: String)
    }

    /// The name that it is uploaded under and cited by: its name, or the path in the spec.
    let path: String
    /// Lower-case hexadecimal.
    let sha256: String
    let attributes: [String: String]
    let content: Content
    /// Where the spec names it.
    let range: SourceRange

    /// In bytes; nil for a download.
    var size: Int? {
        switch content {
        case .file(let file): file.size
        case .text(let text): text.utf8.count
        case .download: nil
        }
    }

    /// Whether it would be the same in a store, wherever the spec names it.
    func isSame(as other: Document) -> Bool {
        (path, sha256) == (other.path, other.sha256)
            && Value.object(attributes.mapValues { .string($0) })
                == .object(other.attributes.mapValues { .string($0) })
    }

    /// The only attribute that drover adds to its documents: short, since servers show it to the model.
    ///
    ///     drover: helpdesk:0f3a…   (stack, then 16 digits of the digest of path, content, attributes and chunking)
    func mark(in stack: StackName, chunking: Value) -> String {
        Self.mark(path: path, sha256: sha256, attributes: attributes, in: stack, chunking: chunking)
    }

    /// What a mark says of the document, whichever stack's it is.
    static func digest(in mark: String) -> Substring { mark.drop { $0 != ":" } }

    static func mark(
        path: String, sha256: String, attributes: [String: String], in stack: StackName, chunking: Value
    ) -> String {
        var identity: Value = ["path": .string(path), "sha256": .string(sha256)]
        if !attributes.isEmpty || chunking != .null {
            identity = [
                "path": .string(path), "sha256": .string(sha256), "chunking": chunking,
                "attributes": .object(attributes.mapValues { .string($0) }),
            ]
        }
        return "\(stack):\(sha256Hex(identity.canonicalJSON.utf8).prefix(16))"
    }
}

/// Finds and reads the documents of a store.
struct DocumentReader: Sendable {
    let folder: SpecFolder

    /// All documents of a list, by path; a path that occurs twice is an error.
    func documents(_ specs: [DocumentSpec]) throws(Diagnostics) -> [Document] {
        var documents: [String: Document] = [:]
        var problems: [Diagnostic] = []
        for spec in specs {
            do {
                for document in try read(spec) {
                    if let first = documents[document.path] {
                        if !first.path.isExactly(document.path) {
                            problems.append(.lookAlike(document, first))
                        } else if !first.isSame(as: document) {
                            problems.append(.sameDocument(document, first))
                        }
                    }
                    documents[document.path] = documents[document.path] ?? document
                }
            } catch {
                problems.append(error)
            }
        }
        guard problems.isEmpty else { throw Diagnostics(problems) }
        return documents.values.sorted { $0.path < $1.path }
    }

    private func read(_ spec: DocumentSpec) throws(Diagnostic) -> [Document] {
        switch spec {
        case .glob(let pattern):
            var found: [Document] = []
            let paths = try Glob(pattern).paths(in: folder).map { Located($0, at: pattern.range) }
            folder.readDigests(of: paths)
            for path in paths { found.append(try file(path)) }
            return found
        case .fields(let fields):
            if let path = fields.path {
                return [try file(path, named: fields.name, attributes: fields.attributes)]
            }
            if let url = fields.url, let digest = fields.digest { return [download(url, digest, fields)] }
            guard let text = fields.text, let name = fields.name else { return [] }
            return [
                Document(
                    path: name, sha256: sha256Hex(text.value.utf8), attributes: fields.attributes,
                    content: .text(text.value), range: text.range)
            ]
        }
    }

    private func file(
        _ path: Located<String>, named name: String? = nil, attributes: [String: String] = [:]
    ) throws(Diagnostic) -> Document {
        let path = try folder.shortened(path)
        let content: FileContent
        do throws(Diagnostic) {
            content = try folder.content(of: path)
        } catch {
            throw isDirectory(path) ? .directoryOfDocuments(path) : error
        }
        return Document(
            path: name ?? path.value, sha256: content.sha256, attributes: attributes, content: .file(content),
            range: path.range)
    }

    private func isDirectory(_ path: Located<String>) -> Bool {
        var isDirectory = false
        return FileManager.default.fileExists(atPath: folder.location(of: path), isDirectory: &isDirectory)
            && isDirectory
    }

    private func download(
        _ url: Located<String>, _ digest: Located<String>, _ fields: DocumentFields
    ) -> Document {
        let name = fields.name ?? url.value.split(separator: "?").first?.split(separator: "/").last.map(String.init)
        return Document(
            path: name ?? url.value, sha256: digest.value.lowercased(), attributes: fields.attributes,
            content: .download(url: url, sha256: digest.value.lowercased()), range: url.range)
    }
}

extension SpecFolder {
    /// The same path without parts that change nothing (`./`, `//`, `a/../`), so that a document has one name.
    fileprivate func shortened(_ path: Located<String>) throws(Diagnostic) -> Located<String> {
        let short = Located(Paths.shortened(path.value), at: path.range)
        guard !short.value.isEmpty, !short.value.isExactly(path.value) else { return path }
        // After a symbolic link, `..` leads elsewhere.
        return try resolve(short).isExactly(try resolve(path)) ? short : path
    }
}

extension Diagnostic {
    fileprivate static func directoryOfDocuments(_ path: Located<String>) -> Diagnostic {
        let folder = path.value.hasSuffix("/") ? String(path.value.dropLast()) : path.value
        return Diagnostic(
            "unreadable-file", "Unreadable file", detail: "`\(path.value)` is a directory.",
            fix: "Write which of its files are documents, such as `\(folder)/**/*.md`.", at: path.range)
    }

    fileprivate static func lookAlike(_ second: Document, _ first: Document) -> Diagnostic {
        let range = second.range == first.range ? nil : first.range
        return Diagnostic(
            "look-alike-documents", "Two documents whose paths look alike",
            detail: "Two files have the path `\(second.path)`: one writes a letter as one character, the other as a "
                + "letter and a combining mark. Most programs, drover among them, cannot tell them apart.",
            fix: "Rename one of the files.", at: second.range,
            notes: range.map { [Note("The other one is asked for here", at: $0)] } ?? [])
    }

    fileprivate static func sameDocument(_ second: Document, _ first: Document) -> Diagnostic {
        Diagnostic(
            "duplicate-document", "Two documents with one path",
            detail: "`\(second.path)` is asked for twice, with different content or attributes.",
            fix: "Give one a `name` of its own, so that answers can cite them apart.", at: second.range,
            notes: [Note("First asked for here", at: first.range)])
    }
}
