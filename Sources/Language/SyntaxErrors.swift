import CYAML

/// Explains what libyaml rejects: its terse message, and the author's most likely mistake.
struct SyntaxErrors {
    let id: SourceID
    let source: Source
    let lines: LineIndex
    /// The innermost bracket or brace still open when reading stopped.
    let bracket: SourcePosition?

    init(source: Source, id: SourceID, bracket: SourcePosition?) {
        self.id = id
        self.source = source
        self.bracket = bracket
        lines = LineIndex(source.bytes)
    }

    /// The diagnostic for a failure, with the place that the author should look at.
    func diagnostic(for failure: EventStream.Failure) -> Diagnostic {
        if failure.kind == YAML_READER_ERROR { return unreadable(failure) }
        let place = position(failure.place)
        let start = position(failure.contextPlace)
        switch failure.problem {
        case "did not find expected ',' or '}'", "did not find expected ',' or ']'":
            return brackets(place, opened: start)
        case "mapping values are not allowed in this context":
            return colon(place)
        case "could not find expected ':'":
            return key(start, place)
        case "did not find expected key", "did not find expected '-' indicator":
            return block(place, start, isList: failure.problem.contains("'-'"))
        case "did not find expected node content":
            return missingValue(place)
        case "found character that cannot start any token":
            return character(place)
        case "found a tab character that violates indentation",
            "found a tab character where an indentation space is expected":
            return tab(place)
        case "found unexpected end of stream" where failure.context == "while scanning a quoted scalar",
            "found unexpected document indicator":
            return unclosedQuote(start, place)
        case "found unknown escape character", "did not find expected hexdecimal number",
            "found invalid Unicode character escape code":
            return escape(place)
        default:
            return other(failure, place, start)
        }
    }

    /// The diagnostic for a failure; in the lines that it shows, what stands behind the name of a secret is hidden.
    func hidingSecrets(_ failure: EventStream.Failure) -> Diagnostic {
        var diagnostic = asJSON(self.diagnostic(for: failure))
        let shown = [diagnostic.subject] + diagnostic.notes.map(\.subject)
        diagnostic.hidden = Set(shown.compactMap { $0?.start.line }).compactMap(secret)
        return diagnostic
    }

    /// The place of what stands behind a name that secrets have, at the start of a line; nil where there is no such
    /// name.
    private func secret(ofLine line: UInt32) -> SourceRange? {
        let text = Array(lines.text(line).unicodeScalars)
        let name = text.drop { " -\t\"'".unicodeScalars.contains($0) }
            .prefix { $0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "_" || $0 == "-" }
        guard SecretName.isOne(String(String.UnicodeScalarView(name))) else { return nil }
        let value = text[name.endIndex...].drop { "\"': \t".unicodeScalars.contains($0) }
        guard let first = value.first, first != "{" else { return nil }
        return range(SourcePosition(line: line, column: UInt32(value.startIndex + 1)), length: value.count)
    }

    /// The place of a mark; after the last character when libyaml counts a line too many.
    private func position(_ mark: yaml_mark_t) -> SourcePosition {
        let position = SourcePosition(mark)
        guard position.line > lines.count else { return position }
        let last = UInt32(lines.count)
        return SourcePosition(line: last, column: UInt32(lines.text(last).unicodeScalars.count + 1))
    }

    /// The range from a place to the end of the word that stands there.
    func word(_ start: SourcePosition) -> SourceRange {
        let rest = after(start).prefix { $0 != " " && $0 != "\t" }
        return range(start, length: max(1, rest.count))
    }

    func range(_ start: SourcePosition, length: Int) -> SourceRange {
        let end = SourcePosition(line: start.line, column: start.column + UInt32(length))
        return SourceRange(source: id, start: start, end: end)
    }

    /// The text of a line before and from a place.
    func before(_ place: SourcePosition) -> [Unicode.Scalar] {
        Array(lines.text(place.line).unicodeScalars.prefix(Int(place.column) - 1))
    }

    func after(_ place: SourcePosition) -> [Unicode.Scalar] {
        Array(lines.text(place.line).unicodeScalars.dropFirst(Int(place.column) - 1))
    }

    /// Whether only white space stands before a place on its line.
    func isFirst(_ place: SourcePosition) -> Bool {
        before(place).allSatisfy { $0 == " " || $0 == "\t" }
    }

    func isEnd(_ place: SourcePosition) -> Bool {
        guard after(place).allSatisfy({ $0 == " " }) else { return false }
        return place.line >= lines.count
            || (Int(place.line) + 1...lines.count).allSatisfy { lines.text(UInt32($0)).isEmpty }
    }

    /// Invalid bytes, or characters that YAML does not allow.
    private func unreadable(_ failure: EventStream.Failure) -> Diagnostic {
        let place = lines.position(ofByte: failure.offset)
        guard failure.problem == "control characters are not allowed" else {
            return Diagnostic(
                "not-utf8", "Not UTF-8", detail: "The bytes here are not a character in UTF-8.",
                fix: "Save the file as UTF-8.", at: range(place, length: 1))
        }
        let hex = String(failure.value, radix: 16, uppercase: true)
        let name = "U+" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex
        return Diagnostic(
            "control-character", "Character not allowed",
            detail: "The character \(name) cannot stand in a YAML file as it is.",
            fix: "Remove it, or write it as an escape in double quotes: `\"\\u\(name.dropFirst(2).lowercased())\"`.",
            at: range(place, length: 1))
    }

    private func other(
        _ failure: EventStream.Failure, _ place: SourcePosition, _ start: SourcePosition
    ) -> Diagnostic {
        let (detail, fix) = SyntaxErrors.explanation(of: failure.problem, while: failure.context)
        var notes: [Diagnostic.Note] = []
        if failure.context != nil, start != place {
            notes = [Diagnostic.Note("What is read here starts here.", at: word(start))]
        }
        return Diagnostic("syntax", "Not valid YAML", detail: detail, fix: fix, at: word(place), notes: notes)
    }

    /// What the less frequent problems mean, and how to fix them.
    private static func explanation(of problem: String, while context: String?) -> (detail: String, fix: String?) {
        switch problem {
        case "did not find expected <document start>":
            return (
                "The document has ended here, and what follows does not belong to it.",
                "Indent it as the rest of the document, or begin a new document with a line `---`."
            )
        case "did not find expected alphabetic or numeric character":
            let mark = context == "while scanning an alias" ? "*" : "&"
            return ("A name must follow `\(mark)`.", "Put the text into quotes if it only begins with `\(mark)`.")
        case "block sequence entries are not allowed in this context":
            return ("A list cannot begin on the line of its key.", "Put each `- …` on a line of its own.")
        case "mapping keys are not allowed in this context":
            return ("`? ` begins a key, and no key may stand here.", "Put the text into quotes.")
        case "found unexpected ':'":
            return (
                "Between brackets, `:` must not stand directly before one of `{ } [ ] ,`.",
                "Write a space after the `:`, or put the text into quotes."
            )
        case "found undefined tag handle":
            return ("The tag begins with a handle that no `%TAG` line declares.", "Remove the tag.")
        case "found incompatible YAML document":
            return ("The `%YAML` line names a version that cannot be read.", "Remove the line, or write `%YAML 1.2`.")
        case "did not find expected comment or line break":
            return (
                "Only a comment may follow here on the same line.",
                "Put the text on the next line, indented by two spaces."
            )
        case "found an indentation indicator equal to 0":
            return ("The indentation of a block text is at least 1.", "Write only `|` or `>`.")
        default:
            return ("The text cannot be read as YAML: \(problem).", nil)
        }
    }
}
