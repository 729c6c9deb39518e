/// Finds keys that occur twice in one map.
enum Duplicates {
    /// Removes every entry whose key occurred before, and reports it.
    static func remove(from entries: inout [Node.Entry], reporting diagnostics: inout [Diagnostic]) {
        guard entries.count > 1, let later = laterDuplicates(entries) else { return }
        var first: [String: Node.Entry] = [:]
        for entry in entries where first[entry.key] == nil { first[entry.key] = entry }
        for index in later {
            diagnostics.append(.duplicateKey(entries[index], first: first[entries[index].key]))
        }
        let removed = Set(later)
        entries = entries.indices.filter { !removed.contains($0) }.map { entries[$0] }
    }

    /// The indices of repeated keys; nil when all keys differ, which a small map finds out without hashing.
    private static func laterDuplicates(_ entries: [Node.Entry]) -> [Int]? {
        if entries.count <= 12 {
            let hasTwins = entries.indices.dropFirst().contains { index in
                entries[..<index].contains { $0.key == entries[index].key }
            }
            guard hasTwins else { return nil }
        }
        var seen = Set<String>(minimumCapacity: entries.count)
        let later = entries.indices.filter { !seen.insert(entries[$0].key).inserted }
        return later.isEmpty ? nil : later
    }
}

/// Merges the maps that `<<: *base` and `<<: [*first, *second]` name.
enum Merge {
    /// Adds the entries of a map, or of a list of maps, whose keys are missing; earlier maps win.
    static func add(_ merged: Node, to entries: inout [Node.Entry], reporting diagnostics: inout [Diagnostic]) {
        var keys = Set(entries.map(\.key))
        for node in merged.elements ?? [merged] {
            guard let more = node.entries else {
                diagnostics.append(.invalidMerge(node, at: merged.range))
                continue
            }
            for entry in more where keys.insert(entry.key).inserted { entries.append(entry) }
        }
    }
}

extension Diagnostic {
    fileprivate static func duplicateKey(_ entry: Node.Entry, first: Node.Entry?) -> Diagnostic {
        let isSame = first.map { $0.key.isExactly(entry.key) } ?? true
        var diagnostic = Diagnostic(
            "duplicate-key", "Duplicate key",
            detail: "The key `\(entry.key)` stands twice in this map"
                + (isSame ? "." : ": the two differ only in Unicode normalisation, and drover cannot tell them apart."),
            fix: "Remove or rename one of the two.", at: entry.keyRange,
            notes: [Note("The first `\(entry.key)` is here.", at: first?.keyRange)])
        if SecretName.isOne(entry.key) {
            diagnostic.hidden = [entry.value.range, first?.value.range].compactMap(\.self)
        }
        return diagnostic
    }

    fileprivate static func invalidMerge(_ node: Node, at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "invalid-merge", "Nothing to merge", detail: "`<<` takes a map or a list of maps, not \(node.typeName).",
            fix: "Give `<<` an alias of a map, such as `<<: *defaults`.", at: range,
            notes: node.range == range ? [] : [.init("This is the value.", at: node.range)])
    }
}
