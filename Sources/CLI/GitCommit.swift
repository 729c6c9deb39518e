import FoundationEssentials

/// The git commit that a directory is at, read from the repository's files.
enum GitCommit {
    /// 40 hexadecimal digits; nil outside of a repository.
    static func current(from directory: String) -> String? {
        var folder = URL(filePath: directory).standardizedFileURL
        for _ in 0..<64 {
            let git = folder.appending(path: ".git")
            if let head = text(git.appending(path: "HEAD")) { return resolve(head, in: git) }
            guard folder.path != "/" else { return nil }
            folder.deleteLastPathComponent()
        }
        return nil
    }

    private static func resolve(_ head: String, in git: URL) -> String? {
        guard head.hasPrefix("ref: ") else { return isCommit(head) ? head : nil }
        let name = String(head.dropFirst("ref: ".count))
        if let commit = text(git.appending(path: name)), isCommit(commit) { return commit }
        let packed = text(git.appending(path: "packed-refs")) ?? ""
        let line = packed.split(separator: "\n").first { $0.hasSuffix(" \(name)") }
        return line.map { String($0.prefix(40)) }.flatMap { isCommit($0) ? $0 : nil }
    }

    private static func isCommit(_ text: String) -> Bool {
        text.count == 40 && text.allSatisfy(\.isHexDigit)
    }

    private static func text(_ file: URL) -> String? {
        guard let data = FileManager.default.contents(atPath: file.path) else { return nil }
        let text = String(decoding: data, as: UTF8.self)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
