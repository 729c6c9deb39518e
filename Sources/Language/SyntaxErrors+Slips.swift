/// Common mistakes in YAML, each with an explanation.
extension SyntaxErrors {
    /// A flow list or map that does not go on as it should.
    func brackets(_ place: SourcePosition, opened start: SourcePosition) -> Diagnostic {
        if before(place).last == "$", after(place).first == "{" { return unquotedReference(place) }
        let isList = after(start).first == "["
        let close = isList ? "]" : "}"
        if after(place).first == ":", let late = lateColon(place) { return late }
        if place.line != start.line || isEnd(place) { return unclosedBracket(start, stopped: place) }
        let found = String(String.UnicodeScalarView(after(place).prefix(1)))
        return Diagnostic(
            "missing-comma", "Comma or bracket expected",
            detail: "Here `,` or `\(close)` must stand, not `\(found)`.",
            fix: "Put quotes around a text that has any of `{ } [ ] ,` in it.", at: word(place),
            notes: [.init("The \(isList ? "list" : "map") begins here.", at: range(start, length: 1))])
    }

    private func unclosedBracket(_ start: SourcePosition, stopped place: SourcePosition) -> Diagnostic {
        let isList = after(start).first == "["
        let (open, close) = isList ? ("[", "]") : ("{", "}")
        return Diagnostic(
            "unclosed-bracket", "Bracket not closed",
            detail: "No `\(close)` closes this `\(open)` before something else begins.",
            fix: "Write `\(close)` at the end of the \(isList ? "list" : "map").", at: range(start, length: 1),
            notes: isEnd(place) ? [] : [.init("Reading stopped here.", at: word(place))])
    }

    /// `{team: ${var.team}}`: YAML reads the brace as the start of another map.
    private func unquotedReference(_ place: SourcePosition) -> Diagnostic {
        let prefix = before(place).reversed().prefix { !" ,:[{\t".unicodeScalars.contains($0) }.count
        let start = SourcePosition(line: place.line, column: place.column - UInt32(prefix))
        let rest = after(place)
        let length = (rest.firstIndex(of: "}").map { $0 + 1 } ?? rest.count) + prefix
        let text = String(String.UnicodeScalarView(after(start).prefix(length)))
        return Diagnostic(
            "unquoted-reference", "Reference without quotes",
            detail: "Between `{ }` or `[ ]`, YAML takes the `{` of `\(text)` for the start of a map.",
            fix: "Put it into quotes: `\"\(text)\"`.", at: range(start, length: length))
    }

    /// A `:` whose key is too long, or ends on an earlier line; JSON allows both, libyaml neither.
    private func lateColon(_ place: SourcePosition) -> Diagnostic? {
        let line = before(place)
        if isFirst(place) {
            return Diagnostic(
                "colon-on-next-line", "Colon on its own line",
                detail: "The `:` must stand on the same line as the end of its key.",
                fix: "Move the `:` behind the key.", at: range(place, length: 1))
        }
        let isEndOfQuoted = line.last == "\"" && line.filter { $0 == "\"" }.count % 2 == 1
        return line.count > 1_024 || isEndOfQuoted ? keyTooLong(place) : nil
    }

    private func keyTooLong(_ place: SourcePosition) -> Diagnostic {
        Diagnostic(
            "key-too-long", "Key too long",
            detail: "The key before this `:` is longer than 1,024 characters, or goes over several lines.",
            fix: "Use a shorter key.", at: range(place, length: 1))
    }

    /// A colon where no key can end.
    func colon(_ place: SourcePosition) -> Diagnostic {
        let line = String(String.UnicodeScalarView(before(place)))
        if line.unicodeScalars.count > 1_024 { return keyTooLong(place) }
        if line.contains(": ") || line.hasPrefix("--- ") { return secondColon(place) }
        var above = place.line - 1
        while above > 0, lines.text(above).allSatisfy(\.isWhitespace) { above -= 1 }
        let text = lines.text(above)
        let indentation = text.prefix { $0 == " " }.count
        let content = text.dropFirst(indentation)
        let item = content.hasPrefix("- ") ? content.dropFirst(2) : content
        let start = SourcePosition(line: above, column: UInt32(indentation + content.count - item.count + 1))
        if above == 0 || item.isEmpty { return secondColon(place) }
        let subject = range(start, length: item.unicodeScalars.count)
        if let colon = item.firstIndex(of: ":"),
            item[..<colon].allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" })
        {
            if item.index(after: colon) < item.endIndex, item[item.index(after: colon)] != " " {
                return missingSpace(subject, key: String(item[..<colon]))
            }
            return tooDeepLine(place, above: range(start, length: item[..<colon].unicodeScalars.count))
        }
        return Diagnostic(
            "missing-colon", "Colon expected",
            detail: "This line has no `: ` and is not complete before the next line begins.",
            fix: "Write `key: value`, or put the text into quotes.", at: subject,
            notes: [.init("The next line reads as its continuation up to here.", at: range(place, length: 1))])
    }

    /// `model:chat`: without the space, the line is a text that goes on below. The value is not quoted: it may be a
    /// secret.
    private func missingSpace(_ subject: SourceRange, key: String) -> Diagnostic {
        Diagnostic(
            "missing-space", "Space expected after the colon",
            detail: "Without a space after its colon, `\(key):` begins a text and is not a key with a value.",
            fix: "Write `\(key): ` with a space before the value.", at: subject)
    }

    private func tooDeepLine(_ place: SourcePosition, above: SourceRange) -> Diagnostic {
        let indentation = before(place).prefix { $0 == " " }.count
        let start = SourcePosition(line: place.line, column: UInt32(indentation + 1))
        return Diagnostic(
            "indentation", "Wrong indentation",
            detail:
                "The line is indented more than the key above it, which has a value already; so it continues that.",
            fix: "Indent it as the key above.", at: range(start, length: max(1, Int(place.column) - indentation - 1)),
            notes: [.init("The key above is here.", at: above)])
    }

    /// `title: Refunds: how they work`.
    private func secondColon(_ place: SourcePosition) -> Diagnostic {
        Diagnostic(
            "unexpected-colon", "Colon not expected",
            detail: "A colon with a space after it ends a key, and no key can end here.",
            fix: "Put the text that has the colon in it into quotes.", at: range(place, length: 1))
    }

    /// A line that should have been a key.
    func key(_ start: SourcePosition, _ place: SourcePosition) -> Diagnostic {
        if let quote = after(start).first, quote == "\"" || quote == "'", start.line + 1 < place.line {
            return keyTooLong(start)
        }
        let text = after(start).split(separator: "#").first ?? []
        let length = text.count - text.reversed().prefix { $0 == " " }.count
        return Diagnostic(
            "missing-colon", "Colon expected",
            detail: "The lines around it are keys with values; this one has no `: `.",
            fix: "Write `key: value`, or `key:` for a value on the next lines.",
            at: range(start, length: max(1, length)))
    }

    /// A line of a block list or map that fits neither it nor what it stands in.
    func block(_ place: SourcePosition, _ start: SourcePosition, isList: Bool) -> Diagnostic {
        let what = isList ? "list" : "map"
        guard isFirst(place) else { return textAfterValue(place) }
        let begin = Diagnostic.Note("The \(what) begins here.", at: word(start))
        if place.column == start.column {
            let isItem = after(place).starts(with: ["-", " "])
            return Diagnostic(
                "mixed-list-and-map", "List and map mixed",
                detail: isItem && !isList
                    ? "A list item stands among the keys of a map."
                    : "A \(what) goes on with something that is not \(isList ? "an item (`- …`)" : "a key").",
                fix: isItem && !isList
                    ? "Indent the list below the key that it belongs to."
                    : "Indent it, or write it as the lines above.",
                at: word(place), notes: [begin])
        }
        return Diagnostic(
            "indentation", "Wrong indentation",
            detail:
                "The line is indented by \(place.column - 1), which fits neither the \(what) around it nor a value in it.",
            fix: "Indent it as the lines that it belongs to.", at: word(place), notes: [begin])
    }

    /// `"x" y`, `[x] y`, `'it's'`.
    private func textAfterValue(_ place: SourcePosition) -> Diagnostic {
        let last = before(place).last { $0 != " " }
        let isQuote = last == "\"" || last == "'"
        let isTemplate = last == "}" && before(place).filter { $0 == "{" }.count > 1
        let quotes =
            "A quote inside a quoted text is written `\\\"` in double quotes, and twice (`''`) in single quotes."
        return Diagnostic(
            "text-after-value", "Text after the value",
            detail: isQuote
                ? "The quoted text ends before this, and nothing may follow it."
                : "The value ends before this, and nothing may follow it.",
            fix: isQuote
                ? quotes
                : isTemplate
                    ? "Put the whole text into quotes, since it begins with `{`." : "Put the whole text into quotes.",
            at: word(place))
    }

    /// A character that cannot begin a value.
    func character(_ place: SourcePosition) -> Diagnostic {
        guard let found = after(place).first, found != "\t" else { return tab(place) }
        let shown = found == "`" ? "a backquote" : "`\(found)`"
        return Diagnostic(
            "unquoted-text", "Quotes needed", detail: "A text without quotes cannot begin with \(shown).",
            fix: "Put the text into quotes.", at: word(place))
    }

    /// A place where a value should begin and a bracket or comma stands.
    func missingValue(_ place: SourcePosition) -> Diagnostic {
        if let bracket, isEnd(place) { return unclosedBracket(bracket, stopped: place) }
        let found = after(place).first.flatMap { "]},:".unicodeScalars.contains($0) ? " before `\($0)`" : nil }
        return Diagnostic(
            "missing-value", "Value expected", detail: "A value is missing\(found ?? " here").",
            fix: "Write the value, or put quotes around a text that has any of `{ } [ ] ,` in it.", at: word(place))
    }

    func tab(_ place: SourcePosition) -> Diagnostic {
        let tabs = after(place).prefix { $0 == "\t" }.count
        return Diagnostic(
            "tab", "Tab in the indentation", detail: "YAML is indented with spaces only.",
            fix: "Replace each tab by spaces.", at: range(place, length: max(1, tabs)))
    }

    func unclosedQuote(_ start: SourcePosition, _ place: SourcePosition) -> Diagnostic {
        let quote = after(start).first == "'" ? "'" : "\""
        return Diagnostic(
            "unclosed-quote", "Quote not closed", detail: "No `\(quote)` ends the text that begins here.",
            fix: "Write `\(quote)` at the end of the text.", at: range(start, length: 1),
            notes: isEnd(place) ? [] : [.init("Reading stopped here.", at: word(place))])
    }

    /// An escape that YAML does not have. libyaml points at the backslash, or at the digits behind it.
    func escape(_ place: SourcePosition) -> Diagnostic {
        let text = before(place) + after(place).prefix(1)
        let backslash = text.lastIndex(of: "\\") ?? max(0, text.count - 1)
        let start = SourcePosition(line: place.line, column: UInt32(backslash + 1))
        let letter = after(start).dropFirst().first
        let digits = letter == "x" ? 2 : letter == "u" ? 4 : letter == "U" ? 8 : 0
        let escape =
            after(start).prefix(2) + after(start).dropFirst(2).prefix(digits).prefix { $0.properties.isASCIIHexDigit }
        let spelled = String(String.UnicodeScalarView(escape))
        return Diagnostic(
            "invalid-escape", "Unknown escape",
            detail: digits > 0
                ? "`\(spelled)` is not a character: `\(spelled.prefix(2))` takes \(digits) hexadecimal digits of one."
                : "Text in double quotes has no escape `\(spelled)`.",
            fix: "Write `\\\\` for a backslash, or put the text into single quotes, where a backslash is only that.",
            at: range(start, length: escape.count))
    }
}
