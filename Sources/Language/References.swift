/// Reads `${…}` in the texts of a spec.
///
///     order ${capture.ticket}      ${env.HOME:-/tmp}      $${HOME} is no reference
package enum References {
    /// The literals and references of a text; nil when it contains no `${`.
    ///
    /// The range is the place of the whole scalar; an error points into it where the text stands there as it is.
    package static func parse(_ text: String, at range: SourceRange) throws(Diagnostic) -> Template? {
        try located(text, at: range)?.template
    }

    /// The same, with the place of each reference.
    static func located(_ text: String, at range: SourceRange) throws(Diagnostic) -> LocatedTemplate? {
        guard hasMark(text) else { return nil }
        var parser = Parser(text: Array(text.unicodeScalars), range: range)
        return try parser.parse()
    }

    private static func hasMark(_ text: String) -> Bool {
        var last: UInt8 = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: "{"), last == UInt8(ascii: "$") { return true }
            last = byte
        }
        return false
    }

    /// Whether a text is a name: a letter or `_`, then letters, digits, `_` and `-`, all of them ASCII.
    package static func isName(_ text: some Sequence<Unicode.Scalar>) -> Bool {
        var isFirst = true
        for scalar in text {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": break
            case "0"..."9", "-": if isFirst { return false }
            default: return false
            }
            isFirst = false
        }
        return !isFirst
    }
}

/// A template, and where its references stand in the scalar that it was read from.
struct LocatedTemplate {
    let template: Template
    /// For each reference, in order: where it stands in the text, counted in Unicode scalars.
    fileprivate let places: [Range<Int>]
    fileprivate let count: Int
    fileprivate let range: SourceRange

    /// The place of one of its references, 0 for the first; made only for those that are reported.
    func range(ofReference index: Int) -> SourceRange {
        range.narrowed(to: places[index], of: count)
    }
}

private struct Parser {
    let text: [Unicode.Scalar]
    let range: SourceRange
    private var parts: [Template.Part] = []
    private var places: [Range<Int>] = []
    private var literal = String.UnicodeScalarView()

    init(text: [Unicode.Scalar], range: SourceRange) {
        self.text = text
        self.range = range
    }

    mutating func parse() throws(Diagnostic) -> LocatedTemplate {
        var index = 0
        while index < text.count {
            if text[index...].starts(with: ["$", "$", "{"]) {
                literal.append(contentsOf: ["$", "{"])
                index += 3
            } else if text[index...].starts(with: ["$", "{"]) {
                index = try reference(from: index)
            } else {
                literal.append(text[index])
                index += 1
            }
        }
        flush()
        return LocatedTemplate(template: Template(parts), places: places, count: text.count, range: range)
    }

    private mutating func flush() {
        guard !literal.isEmpty else { return }
        parts.append(.literal(String(literal)))
        literal = String.UnicodeScalarView()
    }

    /// Reads one reference and returns the index after its `}`.
    private mutating func reference(from start: Int) throws(Diagnostic) -> Int {
        guard let end = text[start...].firstIndex(of: "}") else {
            throw .unclosedReference(at: place(start..<text.count))
        }
        let place = place(start..<end + 1)
        let inner = text[(start + 2)..<end]
        if inner.contains("{") { throw .nestedReference(at: place) }
        guard inner.contains(where: { $0 != " " }) else { throw .emptyReference(at: place) }
        var path = inner
        var fallback: String?
        if let colon = inner.indices.first(where: { inner[$0...].starts(with: [":", "-"]) }) {
            path = inner[..<colon]
            fallback = String(String.UnicodeScalarView(inner[(colon + 2)...]))
        }
        let names = path.split(separator: ".", omittingEmptySubsequences: false)
        guard names.allSatisfy({ References.isName($0) }) else {
            throw .malformedReference(String(String.UnicodeScalarView(inner)), at: place)
        }
        flush()
        places.append(start..<end + 1)
        parts.append(
            .reference(Reference(path: names.map { String(String.UnicodeScalarView($0)) }, fallback: fallback)))
        return end + 1
    }

    private func place(_ part: Range<Int>) -> SourceRange {
        range.narrowed(to: part, of: text.count)
    }
}

extension SourceRange {
    /// The place of a part of a scalar; the whole place where quotes, escapes or lines make it differ from its text.
    func narrowed(to part: Range<Int>, of count: Int) -> SourceRange {
        guard start.line == end.line, end.column > start.column else { return self }
        let quotes = Int(end.column - start.column) - count
        guard quotes == 0 || quotes == 2 else { return self }
        let first = start.column + UInt32(quotes / 2)
        return SourceRange(
            source: source, start: SourcePosition(line: start.line, column: first + UInt32(part.lowerBound)),
            end: SourcePosition(line: start.line, column: first + UInt32(part.upperBound)))
    }
}

extension Diagnostic {
    private static let literalMark = "Write `$${` if the text itself should have a `${`."

    fileprivate static func unclosedReference(at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "unclosed-reference", "Reference not closed", detail: "No `}` ends the reference that `${` begins.",
            fix: literalMark, at: range)
    }

    fileprivate static func nestedReference(at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "malformed-reference", "Malformed reference",
            detail: "A reference cannot have another one, or a `{`, inside it.",
            fix: literalMark, at: range)
    }

    fileprivate static func emptyReference(at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "empty-reference", "Empty reference", detail: "Nothing stands between `${` and `}`.", fix: literalMark,
            at: range)
    }

    fileprivate static func malformedReference(_ text: String, at range: SourceRange) -> Diagnostic {
        let trimmed = text.filter { $0 != " " }
        let isOnlySpaced =
            trimmed != text
            && trimmed.split(separator: ".", omittingEmptySubsequences: false)
                .allSatisfy { References.isName($0.unicodeScalars) }
        return Diagnostic(
            "malformed-reference", "Malformed reference",
            detail: "`\(shortened(text))` is not names joined by dots; a name has letters, digits, `_` and `-`.",
            fix: isOnlySpaced ? "Write `${\(trimmed)}` without spaces." : literalMark, at: range)
    }
}
