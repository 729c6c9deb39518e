/// What can be wrong with the fields of a map.
extension Diagnostic {
    static func unknownField(_ entry: Node.Entry, in type: any SpecDecodable.Type) -> Diagnostic {
        let names = type.fields.map(\.name)
        let nearest = Suggestion.nearest(to: entry.key, among: names)
        var diagnostic = Diagnostic(
            "unknown-field", "Unknown field",
            detail: "\(type.noun.capitalizedFirst) has no field `\(entry.key)`.",
            fix: nearest.map { "Did you mean `\($0)`?" }
                ?? "Use one of \(names.listed), or start the key with `x-` if it is yours.",
            at: entry.keyRange)
        let isSecretMeant = type.fields.contains { $0.name == nearest && $0.shape.holdsSecrets }
        if isSecretMeant || SecretName.isOne(entry.key) { diagnostic.hidden = [entry.value.range] }
        return diagnostic
    }

    static func missingField(_ field: Field, of noun: String, at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "missing-field", "Missing field",
            detail: "\(noun.capitalizedFirst) needs the field `\(field.name)`: \(field.summary.uncapitalizedFirst)",
            fix: "Add `\(field.name): \(field.example ?? "…")`.",
            at: range.firstLine)
    }

    /// The diagnostic, moved to the line of the overlay that removed the missing field; unchanged when none did.
    package func moved(to removal: SourceRange?) -> Diagnostic {
        guard let removal else { return self }
        var moved = self
        moved.subject = removal
        moved.notes.append(Note("It is missing here, because an overlay removes it.", at: subject))
        moved.fix = "Give it a value instead of `null`, or leave it as it was."
        return moved
    }

    static func notExactlyOne(
        _ group: [String], present: [String], of noun: String, at range: SourceRange
    ) -> Diagnostic {
        Diagnostic(
            "not-exactly-one", "Not exactly one of several fields",
            detail: present.isEmpty
                ? "\(noun.capitalizedFirst) needs one of \(group.listed), and has none."
                : "\(noun.capitalizedFirst) takes only one of \(group.listed), and has \(present.listed).",
            fix: present.isEmpty ? "Add one of them." : "Keep one and remove the rest.",
            at: range.firstLine)
    }

    static func noneOfSeveral(_ group: [String], of noun: String, at range: SourceRange) -> Diagnostic {
        Diagnostic(
            "missing-field", "Missing field",
            detail: "\(noun.capitalizedFirst) needs at least one of \(group.listed), and has none.",
            fix: "Add one of them.", at: range.firstLine)
    }

    static func conflictingFields(
        _ group: [String], present: [String], of noun: String, at range: SourceRange?
    ) -> Diagnostic {
        Diagnostic(
            "conflicting-fields", "Conflicting fields",
            detail: "\(noun.capitalizedFirst) takes only one of \(group.listed), and has \(present.listed).",
            fix: "Keep one and remove the rest.", at: range)
    }

    static func fieldNeedsAnother(
        _ name: String, _ other: String, _ reason: String, example: String?, at range: SourceRange
    ) -> Diagnostic {
        Diagnostic(
            "field-needs-another", "Field without the one that it needs",
            detail: "`\(name)` needs `\(other)` beside it. \(reason)", fix: "Add `\(other): \(example ?? "…")`.",
            at: range)
    }

    static func emptyText(_ node: Node) -> Diagnostic {
        Diagnostic(
            "empty-text", "Empty text", detail: "This field needs some text, and it is empty.",
            fix: "Write the text, or remove the field if it is optional.", at: node.range)
    }

    static func unknownChoice(_ text: String, _ node: Node, _ options: [String]) -> Diagnostic {
        Diagnostic(
            "unknown-choice", "Unknown choice", detail: "`\(text)` is not one of \(options.listed).",
            fix: Suggestion.nearest(to: text, among: options).map { "Did you mean `\($0)`?" }
                ?? "Use one of \(options.listed).",
            at: node.range)
    }

    static func outOfRange(_ node: Node, _ value: String, _ minimum: String?, _ maximum: String?) -> Diagnostic {
        let bounds =
            switch (minimum, maximum) {
            case (let minimum?, let maximum?): "between \(minimum) and \(maximum)"
            case (let minimum?, nil): "at least \(minimum)"
            case (nil, let maximum?): "at most \(maximum)"
            case (nil, nil): "a number"
            }
        return Diagnostic(
            "out-of-range", "Number out of range", detail: "The value is \(value), and it must be \(bounds).",
            fix: "Use a number that is \(bounds).", at: node.range)
    }

    /// `.inf` or `.nan`.
    static func infinite(_ node: Node) -> Diagnostic {
        Diagnostic(
            "out-of-range", "Number out of range",
            detail: "No server can be told an infinite number, or `.nan`: JSON does not have them.",
            fix: "Write a finite number, or put it into quotes if it is a text.", at: node.range)
    }

    static func tooFew(_ node: Node, _ minimum: Int) -> Diagnostic {
        Diagnostic(
            "too-few", "Too few elements",
            detail: "This list needs at least \(minimum) \(minimum == 1 ? "element" : "elements").",
            fix: "Add what is missing, or remove the field.", at: node.range)
    }

    static func badName(_ name: String, _ range: SourceRange) -> Diagnostic {
        Diagnostic(
            "bad-name", "Unusable name",
            detail: "`\(name)` cannot name a declared thing: a name starts with a lower-case letter and holds "
                + "lower-case letters, digits and `-`, at most 63 in all.",
            fix: "Rename it; its live name can be anything, in the field `name`.", at: range)
    }

    static func badDuration(_ text: String, _ node: Node) -> Diagnostic {
        Diagnostic(
            "bad-duration", "Unreadable duration", detail: "`\(text)` is not a duration.",
            fix: "Write a number and a unit, such as `250ms`, `30s`, `5m`, `12h` or `7d`.", at: node.range)
    }

    static func plainSecret(_ node: Node) -> Diagnostic {
        var diagnostic = Diagnostic(
            "plain-secret", "Secret in plain text",
            detail: "This field is a secret, and a secret never stands in a spec.",
            fix: "Write `{env: NAME}` or `{file: PATH}`, and keep the value there.", at: node.range)
        diagnostic.hidden = [node.range]
        return diagnostic
    }

    static func outputNotAllowed(_ template: Template, _ range: SourceRange) -> Diagnostic {
        Diagnostic(
            .outputNotAllowed, "Reference where none can stand",
            detail: "`\(template.text)` is known only after apply, and this field is needed before.",
            fix: "Write the value itself, or use `${var.…}` or `${env.…}`.", at: range)
    }
}

extension Diagnostic.Code {
    /// An output in a place where outputs are not allowed.
    static let outputNotAllowed: Self = "reference-not-allowed"
}

extension Problems {
    /// Reports each number in free-form data that JSON does not have: an infinite one, and `.nan`.
    mutating func refuseInfinite(in node: Node) {
        switch node.content {
        case .number(let number): if !number.isFinite { report(.infinite(node)) }
        case .sequence(let nodes): for node in nodes { refuseInfinite(in: node) }
        case .mapping(let entries): for entry in entries { refuseInfinite(in: entry.value) }
        case .null, .bool, .integer, .bigInteger, .string, .pending: break
        }
    }

    /// Reports that a node has another type than the field wants.
    /// - Returns: nil always, so that a reading can return it.
    mutating func wrongType<Value>(_ node: Node, expected: String, quoting: Bool = false) -> Value? {
        if case .pending(let template) = node.content {
            refuse(template, at: node.range)
            return nil
        }
        let quotes = node.isFromVariable ? "Declare the variable as `type: string`." : "Put it in quotes."
        report(
            Diagnostic(
                "wrong-type", "Wrong type",
                detail: "This is \(node.typeName), and the field takes \(expected).",
                fix: quoting ? quotes : "Write \(expected).", at: node.range.firstLine))
        return nil
    }
}

extension SourceRange {
    /// The range itself, or, when it spans lines, only its start: carets under a whole map say nothing.
    package var firstLine: SourceRange {
        guard end.line > start.line else { return self }
        return SourceRange(
            source: source, start: start, end: SourcePosition(line: start.line, column: start.column + 1))
    }
}

extension String {
    package var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
    package var uncapitalizedFirst: String { prefix(1).lowercased() + dropFirst() }
}

extension Sequence where Element == String {
    /// `` `a`, `b` and `c` ``.
    package var listed: String {
        map { "`\($0)`" }.spoken
    }

    /// `a, b and c`.
    package var spoken: String {
        let all = Array(self)
        guard let last = all.last, all.count > 1 else { return all.first ?? "" }
        return all.dropLast().joined(separator: ", ") + " and " + last
    }
}

extension Int {
    /// `1 pair`, `3 pairs`.
    package func counting(_ one: String) -> String {
        "\(self) \(one)\(self == 1 ? "" : "s")"
    }
}
