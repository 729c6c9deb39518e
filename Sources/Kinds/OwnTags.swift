import Language

extension Reading where Value == [Entry<String>] {
    /// Tags or notes that users write on an object: keys that begin with `drover.` are reserved for drover.
    static let tags = Reading.map(.text).map { entries, _, problems in
        for entry in entries {
            if entry.key.isEmpty { problems.report(.emptyTag(entry.keyRange)) }
            if entry.key.hasPrefix("drover.") { problems.report(.reservedTag(entry.key, entry.keyRange)) }
        }
        return entries
    }
}

extension Diagnostic {
    fileprivate static func emptyTag(_ range: SourceRange) -> Diagnostic {
        Diagnostic(
            "empty-tag", "A tag without a name", detail: "The key is empty.", fix: "Give the tag a name.", at: range)
    }

    static func reservedTag(_ key: String, _ range: SourceRange) -> Diagnostic {
        Diagnostic(
            "reserved-tag", "A tag that is drover's own",
            detail: "`\(key)` cannot be declared: with keys that begin with `drover.` drover marks what is its own.",
            fix: "Use another key.", at: range)
    }
}
