/// A pattern for one name: `*`, `?`, `[a-c]`, `[!a-c]`, and a backslash before a literal character.
struct NamePattern: Sendable {
    fileprivate enum Part: Sendable, Equatable {
        case star
        case anything
        case scalar(Unicode.Scalar)
        case set([ClosedRange<Unicode.Scalar>], isNegated: Bool)
    }

    private let parts: [Part]

    init(_ text: String) {
        let text = Array(text.unicodeScalars)
        var parts: [Part] = []
        var index = 0
        while index < text.count {
            switch text[index] {
            case "*": parts.append(.star)
            case "?": parts.append(.anything)
            case "[":
                if let (set, end) = Self.set(text, from: index) {
                    parts.append(set)
                    index = end
                } else {
                    parts.append(.scalar("["))
                }
            case _:
                if Self.isEscape(text, at: index) { index += 1 }
                parts.append(.scalar(text[index]))
            }
            index += 1
        }
        self.parts = parts
    }

    /// Whether a name matches; backtracking goes only to the last `*`.
    func matches(_ name: String) -> Bool {
        let name = Array(name.unicodeScalars)
        var place = 0
        var step = 0
        var star: (step: Int, place: Int)?
        while place < name.count {
            if step < parts.count, parts[step] == .star {
                star = (step, place)
                step += 1
            } else if step < parts.count, parts[step].fits(name[place]) {
                step += 1
                place += 1
            } else if let last = star {
                star = (last.step, last.place + 1)
                step = last.step + 1
                place = last.place + 1
            } else {
                return false
            }
        }
        return parts[step...].allSatisfy { $0 == .star }
    }

    /// Whether a text has a backslash that makes a special character literal.
    static func hasEscape(_ text: String) -> Bool {
        let text = Array(text.unicodeScalars)
        return text.indices.contains { isEscape(text, at: $0) }
    }

    /// Whether there is a backslash at an index, followed by a character that it makes literal.
    static func isEscape(_ text: [Unicode.Scalar], at index: Int) -> Bool {
        text[index] == "\\" && index + 1 < text.count && "*?[]{},!\\".unicodeScalars.contains(text[index + 1])
    }

    /// The set that begins at an index, and its end; nil when no `]` ends it. A `]` at its start is a member.
    private static func set(_ text: [Unicode.Scalar], from start: Int) -> (set: Part, end: Int)? {
        var index = start + 1
        guard index < text.count else { return nil }
        let isNegated = text[index] == "!" || text[index] == "^"
        if isNegated { index += 1 }
        var members: [Unicode.Scalar] = []
        /// The dashes that form a range with their neighbours.
        var dashes: Set<Int> = []
        while index < text.count, text[index] != "]" || members.isEmpty {
            if isEscape(text, at: index) {
                index += 1
            } else if text[index] == "-" {
                dashes.insert(members.count)
            }
            members.append(text[index])
            index += 1
        }
        guard index < text.count else { return nil }
        return (.set(ranges(members, dashes), isNegated: isNegated), index)
    }

    private static func ranges(_ members: [Unicode.Scalar], _ dashes: Set<Int>) -> [ClosedRange<Unicode.Scalar>] {
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        var index = 0
        while index < members.count {
            if index + 2 < members.count, dashes.contains(index + 1) {
                ranges.append(members[index]...max(members[index], members[index + 2]))
                index += 3
            } else {
                ranges.append(members[index]...members[index])
                index += 1
            }
        }
        return ranges
    }
}

extension NamePattern.Part {
    fileprivate func fits(_ scalar: Unicode.Scalar) -> Bool {
        switch self {
        case .star: false
        case .anything: true
        case .scalar(let own): own == scalar
        case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
        }
    }
}

/// Replaces `{a,b}` in a pattern by its alternatives.
enum Braces {
    /// Adds the patterns without braces, innermost first; false when there are too many. An escaped brace or comma
    /// stays, with its backslash.
    static func expand(_ pattern: [Unicode.Scalar], into patterns: inout [String], atMost limit: Int) -> Bool {
        guard let (open, commas, close) = innermost(in: pattern) else {
            patterns.append(String(String.UnicodeScalarView(pattern)))
            return patterns.count <= limit
        }
        let bounds = [open] + commas + [close]
        return zip(bounds, bounds.dropFirst()).allSatisfy { start, end in
            expand(
                Array(pattern[..<open] + pattern[(start + 1)..<end] + pattern[(close + 1)...]), into: &patterns,
                atMost: limit)
        }
    }

    /// The first group without another group in it.
    private static func innermost(in pattern: [Unicode.Scalar]) -> (open: Int, commas: [Int], close: Int)? {
        var open: Int?
        var commas: [Int] = []
        var index = 0
        while index < pattern.count {
            switch pattern[index] {
            case _ where NamePattern.isEscape(pattern, at: index): index += 1
            case "{":
                open = index
                commas = []
            case ",": commas.append(index)
            case "}": if let open { return (open, commas, index) }
            case _: break
            }
            index += 1
        }
        return nil
    }
}
