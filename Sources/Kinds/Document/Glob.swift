import FoundationEssentials
import Language

/// A path pattern: `*` and `?` within a name, `**` across folders, `[a-c]`, `{md,txt}`. Hidden files match only
/// explicitly.
///
/// A backslash before one of `*?[]{},!\` makes it an ordinary character: `notes \[old\].md`. Characters are Unicode
/// scalars, as in shells, and names are compared as they are, without normalisation.
struct Glob: Sendable {
    private let place: Located<String>
    private let alternatives: [[Segment]]
    /// Braces multiply: `{a,b}{a,b}` are four patterns. More than these are rejected.
    private static let most = (braces: 100, alternatives: 1000)

    /// The part between two slashes.
    private struct Segment: Sendable {
        let text: String
        let name: NamePattern

        init(_ text: String) {
            self.text = text
            name = NamePattern(text)
        }
    }

    /// - Throws: `Diagnostic` when its braces expand to too many patterns.
    init(_ place: Located<String>) throws(Diagnostic) {
        self.place = place
        let pattern = Array(place.value.unicodeScalars)
        var alternatives: [String] = []
        guard pattern.count(where: { $0 == "{" }) <= Self.most.braces,
            Braces.expand(pattern, into: &alternatives, atMost: Self.most.alternatives)
        else {
            throw .wideGlob(place)
        }
        self.alternatives = alternatives.map { text in
            text.split(separator: "/").map(String.init).reduce(into: []) { segments, segment in
                // Two `**` in a row mean the same as one, and would take exponential time.
                if segment != ".", segment != "**" || segments.last?.text != "**" { segments.append(Segment(segment)) }
            }
        }
    }

    /// Whether the text is a pattern, rather than the name of one file.
    private var isPattern: Bool {
        place.value.unicodeScalars.contains { "*?[{".unicodeScalars.contains($0) } || NamePattern.hasEscape(place.value)
    }

    /// The matching files, relative to the spec that contains the pattern, sorted.
    /// - Throws: `Diagnostic` when there is none, or the pattern leaves the root.
    func paths(in folder: SpecFolder) throws(Diagnostic) -> [String] {
        if let slip = slip(in: folder) { throw slip }
        guard isPattern else { return [place.value] }
        guard !place.value.hasPrefix("/") else { throw .absoluteGlob(place) }
        let search = Search(folder: folder, place: place, base: folder.base(of: place.range))
        var found: Set<ExactText> = []
        for segments in alternatives { try collect(segments[...], search, prefix: "", into: &found) }
        guard !found.isEmpty else { throw noMatch(in: folder) }
        let paths = found.sorted().map(\.text)
        for path in paths { _ = try folder.resolve(Located(path, at: place.range)) }
        return paths
    }

    /// Why nothing was found; a backslash may stand for a slash, if that would find something.
    private func noMatch(in folder: SpecFolder) -> Diagnostic {
        let slashed = place.value.replacing("\\", with: "/")
        do throws(Diagnostic) {
            guard slashed != place.value else { return .emptyGlob(place) }
            _ = try Glob(Located(slashed, at: place.range)).paths(in: folder)
            return .backslashes(place, slashed)
        } catch {
            return .emptyGlob(place)
        }
    }

    /// A mistake of users of other tools; nil when a file has that name.
    private func slip(in folder: SpecFolder) -> Diagnostic? {
        let text = place.value
        let isExclusion = text.hasPrefix("!")
        let slashed = text.replacing("\\", with: "/")
        guard isExclusion || (slashed != text && !NamePattern.hasEscape(text)) else { return nil }
        guard !FileManager.default.fileExists(atPath: folder.location(of: place)) else { return nil }
        return isExclusion ? .excludingGlob(place) : .backslashes(place, slashed)
    }

    private func collect(
        _ segments: ArraySlice<Segment>, _ search: Search, prefix: String, into found: inout Set<ExactText>
    ) throws(Diagnostic) {
        guard let first = segments.first else { return }
        let (segment, rest) = (first.text, segments.dropFirst())
        if segment == "**" { try collect(rest.isEmpty ? [Segment("*")] : rest, search, prefix: prefix, into: &found) }
        for name in try search.names(in: prefix, for: segment) {
            if name.hasPrefix("."), !segment.hasPrefix(".") { continue }
            guard segment == "**" || first.name.matches(name) else { continue }
            let path = search.base + "/" + prefix + name
            var isDirectory = false
            _ = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
            if segment == "**" {
                // Links may form cycles, or lead anywhere; `**` does not follow them.
                let isLink = (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil
                if isDirectory, !isLink { try collect(segments, search, prefix: prefix + name + "/", into: &found) }
            } else {
                if rest.isEmpty, !isDirectory { found.insert(ExactText(prefix + name)) }
                if !rest.isEmpty, isDirectory {
                    try collect(rest, search, prefix: prefix + name + "/", into: &found)
                }
            }
        }
    }

    /// The root of a search.
    private struct Search {
        let folder: SpecFolder
        let place: Located<String>
        let base: String

        /// The names that a segment may match in a folder: never a way out of the root, since there may be very many
        /// files outside.
        func names(in prefix: String, for segment: String) throws(Diagnostic) -> [String] {
            guard segment == ".." else {
                // An unreadable folder contains no match.
                return (try? FileManager.default.contentsOfDirectory(atPath: base + "/" + prefix)) ?? []
            }
            _ = try folder.resolve(Located(prefix + "..", at: place.range), of: place.value)
            return [".."]
        }
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
            fix: place.value.contains("[")
                ? "Correct the pattern; it is relative to the file that says it. A `[` of the name itself is `\\[`."
                : "Correct the pattern; it is relative to the file that says it.", at: place.range)
    }

    fileprivate static func excludingGlob(_ place: Located<String>) -> Diagnostic {
        Diagnostic(
            "excluding-glob", "Pattern that takes away",
            detail: "`\(place.value)` begins with `!`, and a list of documents has no way to leave some out.",
            fix: "Write patterns that match only what is wanted, such as `docs/[!_]*.md` or `{docs,faq}/*.md`.",
            at: place.range)
    }

    fileprivate static func backslashes(_ place: Located<String>, _ slashed: String) -> Diagnostic {
        Diagnostic(
            "missing-file", "Missing file",
            detail: "There is no file `\(place.value)`, and paths are written with `/`.",
            fix: "Did you mean `\(slashed)`?", at: place.range)
    }
}
