/// Joins and splits paths as text; nothing here reads the disk.
package enum Paths {
    /// A path as seen from a directory: itself when it is absolute.
    package static func resolve(_ path: String, in directory: String) -> String {
        path.hasPrefix("/") ? normalized(path) : normalized(directory + "/" + path)
    }

    /// The directory that a path lies in; the root lies in itself.
    package static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// A path relative to a directory when it lies below it; otherwise unchanged.
    package static func relative(_ path: String, to directory: String) -> String {
        let prefix = directory.hasSuffix("/") ? directory : directory + "/"
        return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
    }

    /// A path without `.`, doubled slashes, and names that a `..` behind them takes back; `..` at the start stays.
    package static func shortened(_ path: String) -> String {
        guard !isShort(path) else { return path }
        var names: [Substring] = []
        for name in path.split(separator: "/") where name != "." {
            if name == "..", let last = names.last, last != ".." { names.removeLast() } else { names.append(name) }
        }
        return (path.hasPrefix("/") ? "/" : "") + names.joined(separator: "/")
    }

    /// Whether no name is empty or begins with a dot: then nothing can be left out.
    private static func isShort(_ path: String) -> Bool {
        var isStart = false
        for byte in path.utf8 {
            if isStart, byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".") { return false }
            isStart = byte == UInt8(ascii: "/")
        }
        return !isStart && path.utf8.first.map { $0 != UInt8(ascii: ".") } ?? true
    }

    /// An absolute path without `.`, `..` and doubled slashes.
    private static func normalized(_ path: String) -> String {
        var names: [Substring] = []
        for name in path.split(separator: "/") where name != "." {
            if name == ".." { _ = names.popLast() } else { names.append(name) }
        }
        return "/" + names.joined(separator: "/")
    }
}
