import FoundationEssentials
import Language

/// A path pattern: `*` and `?` within a name, `**` over folders, `[a-c]`, `{md,txt}`. Hidden files only when asked for.
struct Glob: Sendable {
    private let place: Located<String>
    private let alternatives: [[String]]
    /// Braces multiply: `{a,b}{a,b}` are four patterns. More are refused.
    private static let most = (braces: 100, alternatives: 1000)

    /// - Throws: `Diagnostic` when its braces stand for too many patterns.
    init(_ place: Located<String>) throws(Diagnostic) {
        self.place = place
        let pattern = place.value
        var alternatives: [String] = []
        guard pattern.count(where: { $0 == "{" }) <= Self.most.braces, Self.expand(pattern, into: &alternatives) else {
            throw .wideGlob(place)
        }
        self.alternatives = alternatives.map { text in
            text.split(separator: "/").map(String.init).reduce(into: []) { segments, segment in
                // Two `**` in a row mean what one means, and take for ever.
                if segment != ".", segment != "**" || segments.last != "**" { segments.append(segment) }
            }
        }
    }

    /// Whether the text is a pattern at all, or names one file.
    private var isPattern: Bool {
        place.value.contains { "*?[{".contains($0) }
    }

    /// The files that match, relative to the spec that says the pattern, sorted.
    /// - Throws: `Diagnostic` when there is none, or the pattern leaves the root.
    func paths(in folder: SpecFolder) throws(Diagnostic) -> [String] {
        guard isPattern else { return [place.value] }
        guard !place.value.hasPrefix("/") else { throw .absoluteGlob(place) }
        let search = Search(folder: folder, place: place, base: folder.base(of: place.range))
        var found: Set<String> = []
        for segments in alternatives { try collect(segments[...], search, prefix: "", into: &found) }
        guard !found.isEmpty else { throw .emptyGlob(place) }
        for path in found { _ = try folder.resolve(Located(path, at: place.range)) }
        return found.sorted()
    }

    private func collect(
        _ segments: ArraySlice<String>, _ search: Search, prefix: String, into found: inout Set<String>
    ) throws(Diagnostic) {
        guard let segment = segments.first else { return }
        let rest = segments.dropFirst()
        if segment == "**" { try collect(rest.isEmpty ? ["*"] : rest, search, prefix: prefix, into: &found) }
        for name in try search.names(in: prefix, for: segment) {
            if name.hasPrefix("."), !segment.hasPrefix(".") { continue }
            let path = search.base + "/" + prefix + name
            var isDirectory = false
            _ = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
            if segment == "**" {
                // Links may lead round in circles, or anywhere; `**` does not follow them.
                let isLink = (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil
                if isDirectory, !isLink { try collect(segments, search, prefix: prefix + name + "/", into: &found) }
            } else if Self.matches(Array(name), Array(segment)) {
                if rest.isEmpty, !isDirectory { found.insert(prefix + name) }
                if !rest.isEmpty, isDirectory {
                    try collect(rest, search, prefix: prefix + name + "/", into: &found)
                }
            }
        }
    }

    /// Where a pattern is looked for.
    private struct Search {
        let folder: SpecFolder
        let place: Located<String>
        let base: String

        /// What a segment may be in a folder: never a way out of the root, which may be very large outside.
        func names(in prefix: String, for segment: String) throws(Diagnostic) -> [String] {
            guard segment == ".." else {
                // A folder that cannot be listed holds no match.
                return (try? FileManager.default.contentsOfDirectory(atPath: base + "/" + prefix)) ?? []
            }
            _ = try folder.resolve(Located(prefix + "..", at: place.range), of: place.value)
            return [".."]
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

    /// Adds the patterns without `{…}`, innermost first; false when they are too many.
    private static func expand(_ pattern: String, into patterns: inout [String]) -> Bool {
        guard let first = pattern.firstIndex(of: "{"), let close = pattern[first...].firstIndex(of: "}"),
            let open = pattern[..<close].lastIndex(of: "{")
        else {
            patterns.append(pattern)
            return patterns.count <= most.alternatives
        }
        let before = pattern[..<open]
        let after = pattern[pattern.index(after: close)...]
        return pattern[pattern.index(after: open)..<close].split(separator: ",", omittingEmptySubsequences: false)
            .allSatisfy { expand("\(before)\($0)\(after)", into: &patterns) }
    }
}

extension Diagnostic {
    fileprivate static func absoluteGlob(_ place: Located<String>) -> Diagnostic {
        Diagnostic(
            "absolute-glob", "Pattern that is not relative",
            detail: "`\(place.value)` starts at the root of the machine.",
            fix: "Write a pattern that is relative to the file that says it.", at: place.range)
    }

    fileprivate static func wideGlob(_ place: Located<String>) -> Diagnostic {
        Diagnostic(
            "wide-glob", "Pattern that stands for too many",
            detail: "`\(place.value)` has more than 100 braces, or they stand for more than 1,000 patterns.",
            fix: "Write several patterns, one for each line of the list.", at: place.range)
    }

    fileprivate static func emptyGlob(_ place: Located<String>) -> Diagnostic {
        Diagnostic(
            "empty-glob", "Pattern that matches no file", detail: "No file matches `\(place.value)`.",
            fix: "Correct the pattern; it is relative to the file that says it.", at: place.range)
    }
}
