/// Lays documents over a stack: maps field by field, a list replaces the list, `null` removes the field; where there is
/// none to remove, that is a warning.
package struct Overlay {
    /// A field that an overlay removed.
    package struct Removal: Sendable, Hashable {
        package var key: String
        /// The place of the map that the field was in.
        package var map: SourceRange
        /// The place of the `null`.
        package var range: SourceRange
    }

    private(set) var removals: [Removal] = []
    private(set) var diagnostics: [Diagnostic] = []

    /// The stack with a document laid over it.
    mutating func lay(_ document: Node, over stack: Node?) -> Node? {
        if document.content == .null { return stack }
        guard document.entries != nil else {
            diagnostics.append(.documentIsNoMap(document))
            return stack
        }
        guard let stack else { return stripped(document) }
        return merge(document, over: stack)
    }

    private mutating func merge(_ over: Node, over under: Node) -> Node {
        guard case .mapping(let changes) = over.content, case .mapping(var entries) = under.content else {
            return stripped(over)
        }
        var positions = Dictionary(entries.enumerated().map { ($1.key, $0) }) { first, _ in first }
        var removed = Set<String>()
        for change in changes {
            guard let position = positions[change.key] else {
                guard change.value.content != .null else {
                    let isGone = removals.contains { $0.key == change.key && $0.map == under.range }
                    if !isGone { diagnostics.append(.removesNothing(change, from: entries.map(\.key))) }
                    continue
                }
                positions[change.key] = entries.count
                entries.append(Node.Entry(key: change.key, keyRange: change.keyRange, value: stripped(change.value)))
                continue
            }
            if change.value.content == .null {
                removed.insert(change.key)
                removals.append(
                    Removal(key: change.key, map: under.range, range: change.keyRange.joined(with: change.value.range)))
            } else {
                entries[position].value = merge(change.value, over: entries[position].value)
                if entries[position].value.range == change.value.range { entries[position].keyRange = change.keyRange }
            }
        }
        if !removed.isEmpty { entries.removeAll { removed.contains($0.key) } }
        return Node(.mapping(entries), at: under.range)
    }

    /// A value that an overlay adds: a `null` in it has nothing to remove.
    private func stripped(_ node: Node) -> Node {
        guard case .mapping(let entries) = node.content else { return node }
        let kept = entries.filter { $0.value.content != .null }
        return Node(
            .mapping(kept.map { Node.Entry(key: $0.key, keyRange: $0.keyRange, value: stripped($0.value)) }),
            at: node.range)
    }
}

extension Diagnostic {
    fileprivate static func removesNothing(_ change: Node.Entry, from keys: [String]) -> Diagnostic {
        Diagnostic(
            "removes-nothing", "Nothing to remove",
            detail: "There is no `\(change.key)` here that `null` could remove.",
            fix: Suggestion.nearest(to: change.key, among: keys).map { "Did you mean `\($0)`?" } ?? "Remove this line.",
            at: change.keyRange, severity: .warning)
    }
}

extension SourceRange {
    /// The range from the start of this one to the end of a later one.
    package func joined(with other: SourceRange) -> SourceRange {
        guard source == other.source, other.end > start else { return self }
        return SourceRange(source: source, start: start, end: max(end, other.end))
    }
}
