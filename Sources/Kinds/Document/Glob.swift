import FoundationEssentials
import Language

/// A path pattern: `*` and `?` within a name, `**` over folders, `[a-c]`, `{md,txt}`. Hidden files only when asked for.
struct Glob: Sendable {
    private let pattern: String
    private let alternatives: [[String]]

    init(_ pattern: String) {
        self.pattern = pattern
        alternatives = Self.expand(pattern).map { text in
            text.split(separator: "/").map(String.init).filter { $0 != "." }
        }
    }

    /// Whether the text is a pattern at all, or names one file.
    private var isPattern: Bool {
        pattern.contains { "*?[{".contains($0) }
    }

    /// The files that match, relative to the spec that says the pattern, sorted.
    /// - Throws: `Diagnostic` when there is none, or the pattern leaves the root.
    func paths(in folder: SpecFolder, at place: Located<String>) throws(Diagnostic) -> [String] {
        guard isPattern else { return [pattern] }
        let base = folder.base(of: place.range)
        var found: Set<String> = []
        for segments in alternatives { collect(segments[...], base: base, prefix: "", into: &found) }
        guard !found.isEmpty else { throw .emptyGlob(place) }
        for path in found { _ = try folder.resolve(Located(path, at: place.range)) }
        return found.sorted()
    }

    private func collect(_ segments: ArraySlice<String>, base: String, prefix: String, into found: inout Set<String>) {
        guard let segment = segments.first else { return }
        let rest = segments.dropFirst()
        if segment == "**" {
            collect(rest.isEmpty ? ["*"] : rest, base: base, prefix: prefix, into: &found)
        }
        // A folder that cannot be listed holds no match.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: base + "/" + prefix)) ?? []
        for name in segment == ".." ? [".."] : names {
            if name.hasPrefix("."), !segment.hasPrefix(".") { continue }
            var isDirectory = false
            _ = FileManager.default.fileExists(atPath: base + "/" + prefix + name, isDirectory: &isDirectory)
            if segment == "**" {
                if isDirectory { collect(segments, base: base, prefix: prefix + name + "/", into: &found) }
            } else if Self.matches(Array(name)[...], Array(segment)[...]) {
                if rest.isEmpty, !isDirectory { found.insert(prefix + name) }
                if !rest.isEmpty, isDirectory { collect(rest, base: base, prefix: prefix + name + "/", into: &found) }
            }
        }
    }

    private static func matches(_ name: ArraySlice<Character>, _ pattern: ArraySlice<Character>) -> Bool {
        guard let head = pattern.first else { return name.isEmpty }
        let rest = pattern.dropFirst()
        switch head {
        case "*":
            return (name.startIndex...name.endIndex).contains { matches(name[$0...], rest) }
        case "[":
            guard let character = name.first, let close = rest.firstIndex(of: "]") else { return false }
            return isIn(character, rest[..<close]) && matches(name.dropFirst(), pattern[(close + 1)...])
        case _:
            guard let character = name.first, head == "?" || head == character else { return false }
            return matches(name.dropFirst(), rest)
        }
    }

    private static func isIn(_ character: Character, _ set: ArraySlice<Character>) -> Bool {
        let isNegated = set.first == "!" || set.first == "^"
        let members = Array(isNegated ? set.dropFirst() : set)
        var isMember = false
        var index = 0
        while index < members.count {
            if index + 2 < members.count, members[index + 1] == "-" {
                isMember = isMember || (members[index]...max(members[index], members[index + 2])).contains(character)
                index += 3
            } else {
                isMember = isMember || members[index] == character
                index += 1
            }
        }
        return isMember != isNegated
    }

    private static func expand(_ pattern: String) -> [String] {
        guard let open = pattern.firstIndex(of: "{"), let close = pattern[open...].firstIndex(of: "}") else {
            return [pattern]
        }
        let before = pattern[..<open]
        let after = pattern[pattern.index(after: close)...]
        return pattern[pattern.index(after: open)..<close].split(separator: ",", omittingEmptySubsequences: false)
            .flatMap { expand("\(before)\($0)\(after)") }
    }
}

extension Diagnostic {
    fileprivate static func emptyGlob(_ place: Located<String>) -> Diagnostic {
        Diagnostic(
            "empty-glob", "Pattern that matches no file", detail: "No file matches `\(place.value)`.",
            fix: "Correct the pattern; it is relative to the file that says it.", at: place.range)
    }
}
