extension Problems {
    /// Reports each key of a map that another one before it differs from in upper and lower case alone. Their values may be
    /// secret, and are not shown.
    /// - Parameter reason: What that means there, as the end of a sentence: `names of headers have no case`.
    package mutating func reportCaseTwins(in map: Node, because reason: String) {
        var first: [String: Node.Entry] = [:]
        for entry in map.entries ?? [] {
            guard let known = first.updateValue(entry, forKey: entry.key.lowercased()) else { continue }
            report(.caseTwins(entry, known, because: reason))
        }
    }
}

extension Diagnostic {
    fileprivate static func caseTwins(_ entry: Node.Entry, _ first: Node.Entry, because reason: String) -> Diagnostic {
        var diagnostic = Diagnostic(
            "keys-differ-in-case", "Keys that differ only in case",
            detail: "`\(first.key)` and `\(entry.key)` are meant for the same: \(reason).",
            fix: "Remove one of the two.", at: entry.keyRange,
            notes: [Note("`\(first.key)` is here.", at: first.keyRange)])
        diagnostic.hidden = [entry.value.range, first.value.range]
        return diagnostic
    }
}
