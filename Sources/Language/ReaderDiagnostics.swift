/// What the composer reports: values and limits. `SyntaxErrors` has what libyaml reports.
extension Diagnostic {
    static func tooDeep(at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "too-deep", "Nested too deeply",
            detail: "Lists and maps may lie within each other \(Reader.Limits.depth) deep; this one lies deeper.",
            fix: "Write the value with fewer levels.", at: range)
    }

    static func tooManyNodes(at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "too-many-nodes", "Too many values",
            detail: """
                A file may hold 1,000,000 keys and values, counting what each alias stands for; here are more.
                """,
            fix: "Use fewer aliases, or split the file; files are joined.", at: range)
    }

    static func tooManyMistakes(at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "too-many-mistakes", "Too many mistakes",
            detail: "This file has \(Reader.Limits.mistakes) mistakes up to here; the rest of it is not read.",
            fix: "Correct those above first.", at: range)
    }

    static func integerOutOfRange(_ text: String, at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "integer-out-of-range", "Whole number too large",
            detail: "`\(shortened(text))` does not fit into 64 bits: it must lie between \(Int.min) and \(Int.max).",
            fix: "Put it into quotes if it is a text, such as an identifier.", at: range)
    }

    static func numberOutOfRange(_ text: String, at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "number-out-of-range", "Number too large",
            detail: "`\(shortened(text))` is larger than the largest number, about 1.8e308.",
            fix: "Put it into quotes if it is a text.", at: range)
    }

    static func recursiveAlias(_ name: String, at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "recursive-alias", "Alias of itself",
            detail: "`*\(name)` stands within the value that `&\(name)` names, so that it would contain itself.",
            fix: "Name an inner value with `&`, or write the value out.", at: range)
    }

    static func unknownAlias(_ name: String, known: [String], at range: SourceRange) -> Diagnostic {
        let nearest = Suggestion.nearest(to: name, among: known)
        return Diagnostic(
            "unknown-alias", "Unknown alias",
            detail: "No value before this one in the same document is named `&\(name)`.",
            fix: nearest.map { "Did you mean `*\($0)`?" }
                ?? "Name a value with `&\(name)` first, or put the text into quotes.",
            at: range)
    }

    static func secondMerge(at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "duplicate-key", "Duplicate key", detail: "The key `<<` stands twice in this map.",
            fix: "Merge several maps with one list: `<<: [*first, *second]`.", at: range)
    }

    static func complexKey(_ node: Node, at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "complex-key", "Key is not a text", detail: "A key is a text; here it is \(node.typeName).",
            fix: "Put the key into quotes if it is meant as a text.", at: range)
    }

    /// `{{name}}` without quotes; `range` is the inner map.
    static func unquotedTemplate(at range: SourceRange) -> Diagnostic {
        var range = range
        range.start.column -= 1
        range.end.column += 1
        return Diagnostic(
            "unquoted-template", "Quotes needed", detail: "YAML takes `{{` for a map whose key is a map.",
            fix: "Put the whole text that begins with `{{` into quotes.", at: range)
    }

    static func loneSurrogate(atByte offset: Int, of source: Source, id: SourceID) -> Diagnostic {
        let start = LineIndex(source.bytes).position(ofByte: offset)
        let escape = String(decoding: source.bytes[offset..<min(offset + 6, source.bytes.count)], as: UTF8.self)
        let end = SourcePosition(line: start.line, column: start.column + 6)
        return Diagnostic(
            "lone-surrogate", "Half a character",
            detail: "`\(escape)` is one half of a surrogate pair, and its other half does not stand beside it.",
            fix: "Write both halves, as in `\\ud83d\\ude00`, or the character itself.",
            at: SourceRange(source: id, start: start, end: end))
    }

    /// The text, or its start when it is long.
    package static func shortened(_ text: String) -> String {
        text.count > 60 ? text.prefix(57) + "…" : text
    }
}
