import Synchronization

/// A file that a spec names, as it was when it was read.
package struct NamedFile: Sendable, Hashable, Codable {
    /// What a file is to the spec.
    package enum Role: String, Sendable, Hashable, Codable {
        /// A part of what is declared: instructions, prompts, tables, scripts.
        case text
        /// Something that is brought to a server as it is.
        case document
    }

    /// From the spec's directory, or absolute.
    package var path: String
    /// Lower-case hexadecimal.
    package var sha256: String
    /// In bytes.
    package var size: Int
    package var role: Role
    /// Whether its content is kept in the record.
    package var isKept: Bool

    package init(path: String, sha256: String, size: Int, role: Role, isKept: Bool = false) {
        self.path = path
        self.sha256 = sha256
        self.size = size
        self.role = role
        self.isKept = isKept
    }
}

/// Where a file's content can be read.
package enum FileSource: Sendable, Hashable {
    case bytes([UInt8])
    /// The file at an absolute path, as long as it has the digest that it had.
    case file(String)
}

/// Notes which files a spec names, as they are read.
final class NamedFiles: Sendable {
    /// Longer texts are noted without their content.
    static let longestText = 1 << 20

    private struct Noted {
        var file: NamedFile
        var source: FileSource?
    }

    private let noted = Mutex<[ExactText: Noted]>([:])

    func noteText(_ bytes: [UInt8], at path: String) {
        let file = NamedFile(path: path, sha256: sha256Hex(bytes), size: bytes.count, role: .text)
        note(file, bytes.count <= Self.longestText ? .bytes(bytes) : nil)
    }

    func noteDocument(_ content: FileContent, at path: String) {
        note(
            NamedFile(path: path, sha256: content.sha256, size: content.size, role: .document), .file(content.path))
    }

    private func note(_ file: NamedFile, _ source: FileSource?) {
        noted.withLock { noted in
            // What is read as text is a part of the declaration, whatever else it is.
            if let known = noted[ExactText(file.path)], known.file.role == .text, file.role == .document { return }
            noted[ExactText(file.path)] = Noted(file: file, source: source)
        }
    }

    /// All of them by path, and the contents of those that are to be kept, by digest.
    func all(keepingDocuments: Bool) -> (files: [NamedFile], contents: [String: FileSource]) {
        let all = noted.withLock { $0 }.sorted { $0.key < $1.key }.map(\.value)
        var contents: [String: FileSource] = [:]
        let files = all.map { noted in
            var file = noted.file
            guard let source = noted.source, file.role == .text || keepingDocuments else { return file }
            file.isKept = file.size <= Self.longestKept
            if file.isKept { contents[file.sha256] = source }
            return file
        }
        return (files, contents)
    }

    /// In bytes: a record is not a store of large files.
    private static let longestKept = 64 << 20
}
