import Language

/// The lines in which two texts differ, as `diff` shows them.
///
///       The refund window is
///     - 30 days.
///     + 14 days.
package struct TextDifference: Sendable, Hashable {
    package enum Line: Sendable, Hashable {
        case same(String)
        case removed(String)
        case added(String)
        /// The number of equal lines that are omitted.
        case omitted(Int)
    }

    package let lines: [Line]
    /// Whether equal lines were looked for everywhere. In very long texts they are only looked for at both ends.
    let isThorough: Bool

    /// So many lines of both texts are compared with each other: time and memory grow with the square of what differs.
    private static let most = 4_000
    /// The longest line that is shown whole, in characters.
    private static let longest = 500

    /// Compares line by line and keeps `context` equal lines around each change.
    package init(from expected: String, to actual: String, context: Int = 2) {
        let (old, new) = (Self.lines(of: expected), Self.lines(of: actual))
        isThorough = old.count + new.count <= Self.most
        let merged = isThorough ? Self.merged(old, new) : Self.mergedAtEnds(old, new)
        lines = Self.shortened(merged, context: context)
    }

    /// CRLF is one character, at which `String` would not be split: its CR stays at the end of the line.
    private static func lines(of text: String) -> [String] {
        text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
    }

    /// One line each, marked `-`, `+` or two spaces; at most `limit` lines.
    package func text(limit: Int = 40) -> String {
        var shown = lines.prefix(limit).map { $0.text.excerpt(Self.longest) }
        if lines.count > limit { shown.append("… \(lines.count - limit) more lines") }
        return shown.joined(separator: "\n")
    }

    /// Lines at both ends that are equal, and between them all others of one text after those of the other.
    private static func mergedAtEnds(_ old: [String], _ new: [String]) -> [Line] {
        let head = zip(old, new).prefix { $0.isExactly($1) }.count
        let (oldRest, newRest) = (old.dropFirst(head), new.dropFirst(head))
        let tail = zip(oldRest.reversed(), newRest.reversed()).prefix { $0.isExactly($1) }.count
        let (removed, added) = (oldRest.dropLast(tail), newRest.dropLast(tail))
        return old.prefix(head).map(Line.same) + removed.map(Line.removed) + added.map(Line.added)
            + oldRest.suffix(tail).map(Line.same)
    }

    private static func merged(_ old: [String], _ new: [String]) -> [Line] {
        let changes = new.difference(from: old) { $0.isExactly($1) }
        let removed = Set(changes.removals.map(position))
        let added = Set(changes.insertions.map(position))
        var lines: [Line] = []
        var (i, j) = (0, 0)
        while i < old.count || j < new.count {
            if i < old.count, removed.contains(i) {
                lines.append(.removed(old[i]))
                i += 1
            } else if j < new.count, added.contains(j) {
                lines.append(.added(new[j]))
                j += 1
            } else {
                lines.append(.same(old[i]))
                i += 1
                j += 1
            }
        }
        return lines
    }

    private static func position(of change: CollectionDifference<String>.Change) -> Int {
        switch change {
        case .insert(let offset, _, _), .remove(let offset, _, _): offset
        }
    }

    private static func shortened(_ lines: [Line], context: Int) -> [Line] {
        let changed = lines.indices.filter { !lines[$0].isSame }
        var kept: [Line] = []
        var omitted = 0
        var next = changed.startIndex
        for (index, line) in lines.enumerated() {
            while next < changed.endIndex, changed[next] + context < index { next += 1 }
            let isNear = next < changed.endIndex && changed[next] - context <= index
            if isNear {
                if omitted > 0 { kept.append(.omitted(omitted)) }
                omitted = 0
                kept.append(line)
            } else {
                omitted += 1
            }
        }
        if omitted > 0 { kept.append(.omitted(omitted)) }
        return kept
    }
}

extension TextDifference.Line {
    fileprivate var isSame: Bool {
        switch self {
        case .same: true
        case .removed, .added, .omitted: false
        }
    }

    /// The line for display, marked `-`, `+` or two spaces.
    package var text: String {
        switch self {
        case .same(let line): "  " + line
        case .removed(let line): "- " + line
        case .added(let line): "+ " + line
        case .omitted(let count): "  … \(count) equal line\(count == 1 ? "" : "s")"
        }
    }
}
