import FoundationEssentials
import Language

/// A path pattern: `*` and `?` within a name, `**` over folders, `[a-c]`, `{md,txt}`. Hidden files only when asked for.
struct Glob: Sendable {
    private let pattern: String
    private let alternatives: [[String]]

    init(_ pattern: String) {
        self.pattern = pattern
        alternatives = Self.expand(pattern).map { text in
            text.split(separator: "/").map(String.init).reduce(into: []) { segments, segment in
                // Two `**` in a row mean what one means, and take for ever.
                if segment != ".", segment != "**" || segments.last != "**" { segments.append(segment) }
            }
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
        guard !pattern.hasPrefix("/") else { throw .absoluteGlob(place) }
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
            let path = base + "/" + prefix + name
            var isDirectory = false
            _ = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
            if segment == "**" {
                // Links may lead round in circles, or anywhere; `**` does not follow them.
                let isLink = (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil
                if isDirectory, !isLink { collect(segments, base: base, prefix: prefix + name + "/", into: &found) }
            } else if Self.matches(Array(name), Array(segment)) {
                if rest.isEmpty, !isDirectory { found.insert(prefix + name) }
                if !rest.isEmpty, isDirectory { collect(rest, base: base, prefix: prefix + name + "/", into: &found) }
            }
        }
    }

    /// Whether a name fits one segment of a pattern: after a `*` it goes on, and comes back only to the last one.
    private static func matches(_ name: [Character], _ pattern: [Character]) -> Bool {
        var place = 0
        var step = 0
        var star: (step: Int, place: Int)?
        while place < name.count {
            if step < pattern.count, pattern[step] == "*" {
                star = (step, place)
                step += 1
            } else if let next = end(of: step, in: pattern, fitting: name[place]) {
                step = next
                place += 1
            } else if let last = star {
                star = (last.step, last.place + 1)
                step = last.step + 1
                place = last.place + 1
            } else {
                return false
            }
        }
        return pattern[step...].allSatisfy { $0 == "*" }
    }

    /// Where the pattern goes on after what stands for one character; nil when that is not this one.
    private static func end(of step: Int, in pattern: [Character], fitting character: Character) -> Int? {
        guard step < pattern.count else { return nil }
        guard pattern[step] == "[" else { return pattern[step] == "?" || pattern[step] == character ? step + 1 : nil }
        guard let close = pattern[(step + 1)...].firstIndex(of: "]") else { return nil }
        return isIn(character, pattern[(step + 1)..<close]) ? close + 1 : nil
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

    /// The patterns without `{…}`, innermost first.
    private static func expand(_ pattern: String) -> [String] {
        guard let first = pattern.firstIndex(of: "{"), let close = pattern[first...].firstIndex(of: "}"),
            let open = pattern[..<close].lastIndex(of: "{")
        else { return [pattern] }
        let before = pattern[..<open]
        let after = pattern[pattern.index(after: close)...]
        return pattern[pattern.index(after: open)..<close].split(separator: ",", omittingEmptySubsequences: false)
            .flatMap { expand("\(before)\($0)\(after)") }
    }
}

extension Diagnostic {
    fileprivate static func absoluteGlob(_ place: Located<String>) -> Diagnostic {
        Diagnostic(
            "absolute-glob", "Pattern that is not relative",
            detail: "`\(place.value)` starts at the root of the machine.",
            fix: "Write a pattern that is relative to the file that says it.", at: place.range)
    }

    fileprivate static func emptyGlob(_ place: Located<String>) -> Diagnostic {
        Diagnostic(
            "empty-glob", "Pattern that matches no file", detail: "No file matches `\(place.value)`.",
            fix: "Correct the pattern; it is relative to the file that says it.", at: place.range)
    }
}
