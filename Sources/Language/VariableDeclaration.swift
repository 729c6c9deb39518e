/// One entry of `variables:`.
///
///     team: {type: string, default: support, env: TEAM, enum: [support, sales], pattern: "^[a-z]+$"}
struct VariableDeclaration {
    enum Kind: String, CaseIterable {
        case string, integer, number, boolean

        /// What a value of the type is called in messages.
        var phrase: String {
            switch self {
            case .string: "text"
            case .integer: "a whole number"
            case .number: "a number"
            case .boolean: "`true` or `false`"
            }
        }
    }

    let name: String
    let place: SourceRange
    var kind = Kind.string
    var fallback: Node?
    var environment: String?
    var choices: [Value] = []
    var pattern: (text: String, range: SourceRange)?

    /// Reads a declaration and reports every mistake in it.
    /// - Returns: nil when there is a mistake in it.
    init?(_ entry: Node.Entry, reporting diagnostics: inout [Diagnostic]) {
        name = entry.key
        place = entry.keyRange
        guard let fields = entry.value.entries else {
            diagnostics.append(
                .invalidVariable(
                    name, "A variable is a map such as `{type: string}`, not \(entry.value.typeName).",
                    at: entry.value.range))
            return nil
        }
        let before = diagnostics.count
        if !References.isName(name.unicodeScalars) {
            diagnostics.append(
                .invalidVariable(
                    name, "`\(name)` is not a name: a letter or `_`, then letters, digits, `_` and `-`.", at: place))
        }
        if entry.value["type"] == nil {
            diagnostics.append(
                .invalidVariable(
                    name, "The variable `\(name)` has no `type`: `string`, `integer`, `number` or `boolean`.", at: place
                ))
        }
        read(entry.value["type"], reporting: &diagnostics)
        for field in fields { read(field, reporting: &diagnostics) }
        if let pattern, kind != .string {
            diagnostics.append(
                .invalidVariable(
                    name, "`pattern` is for variables of type `string`; this one has `\(kind.rawValue)`.",
                    at: pattern.range))
        }
        guard diagnostics.count == before else { return nil }
    }

    private mutating func read(_ type: Node?, reporting diagnostics: inout [Diagnostic]) {
        guard let type else { return }
        if let kind = type.string.flatMap(Kind.init(rawValue:)) {
            self.kind = kind
            return
        }
        let names = Kind.allCases.map(\.rawValue)
        let nearest = type.string.flatMap { Suggestion.nearest(to: $0, among: names) }
        diagnostics.append(
            .invalidVariable(
                name, "The type of a variable is `string`, `integer`, `number` or `boolean`.", at: type.range,
                fix: nearest.map { "Did you mean `\($0)`?" }))
    }

    private mutating func read(_ field: Node.Entry, reporting diagnostics: inout [Diagnostic]) {
        let value = field.value
        switch field.key {
        case "type": break
        case "default": fallback = value.content == .null ? nil : value
        case "env": environment = text(field, reporting: &diagnostics)
        case "description": _ = text(field, reporting: &diagnostics)
        case "pattern": pattern = text(field, reporting: &diagnostics).map { ($0, value.range) }
        case "enum":
            guard let elements = value.elements, !elements.isEmpty else {
                diagnostics.append(
                    .invalidVariable(name, "`enum` is a list of the values that are allowed.", at: value.range))
                return
            }
            for element in elements {
                if let choice = kind.value(of: element) {
                    choices.append(choice)
                } else {
                    diagnostics.append(.wrongType(name, kind, element))
                }
            }
        case _ where FreeKey.isFree(field.key): break
        case _:
            diagnostics.append(
                Diagnostic(
                    "unknown-field", "Unknown field", detail: "A variable has no field `\(field.key)`.",
                    fix: Suggestion.nearest(to: field.key, among: VariableFields.fields.map(\.name)).map {
                        "Did you mean `\($0)`?"
                    }
                        ?? "Its fields are `\(VariableFields.fields.map(\.name).joined(separator: "`, `"))`.",
                    at: field.keyRange, address: "variables.\(name)"))
        }
    }

    private func text(_ field: Node.Entry, reporting diagnostics: inout [Diagnostic]) -> String? {
        if let text = field.value.string { return text }
        if field.value.content != .null {
            diagnostics.append(
                .invalidVariable(name, "`\(field.key)` is text, not \(field.value.typeName).", at: field.value.range))
        }
        return nil
    }
}

extension VariableDeclaration.Kind {
    /// The value of a node that has this type; nil for any other.
    func value(of node: Node) -> Value? {
        switch (self, node.content) {
        case (.string, .string(let text)): .string(text)
        case (.integer, .integer(let value)): .integer(value)
        case (.integer, .number(let value)) where Int(exactly: value) != nil: Int(exactly: value).map(Value.integer)
        case (.number, .number(let value)): .number(value)
        case (.number, .integer(let value)): .number(Double(value))
        case (.number, .bigInteger(let digits)): .bigInteger(digits)
        case (.boolean, .bool(let value)): .bool(value)
        case _: node.isFromEnvironment ? node.string.flatMap(value(ofText:)) : nil
        }
    }

    /// The value of a text from the command line or the environment; nil when it is not one of this type.
    func value(ofText text: String) -> Value? {
        if self == .string { return .string(text) }
        var text = text
        let meaning = text.withUTF8 { Scalars.meaning(of: $0) }
        switch (self, meaning) {
        case (.integer, .integer(let value)): return .integer(value)
        case (.integer, .number(let value)): return Int(exactly: value).map(Value.integer)
        case (.number, .number(let value)): return .number(value)
        case (.number, .integer(let value)): return .number(Double(value))
        case (.number, .bigInteger(let digits)): return .bigInteger(digits)
        case (.boolean, .bool(let value)): return .bool(value)
        case _: return nil
        }
    }
}

extension Diagnostic {
    static func invalidVariable(_ name: String, _ detail: String, at range: SourceRange, fix: String? = nil)
        -> Diagnostic
    {
        Diagnostic(
            "invalid-variable", "Invalid variable", detail: detail,
            fix: fix ?? "Write, for example, `\(name): {type: string, default: x}`.",
            at: range, address: "variables.\(name)")
    }

    static func wrongType(_ name: String, _ kind: VariableDeclaration.Kind, _ node: Node) -> Diagnostic {
        let isUnquoted = kind == .string && node.elements == nil && node.entries == nil
        return Diagnostic(
            "wrong-variable-type", "Value of another type",
            detail:
                "The variable `\(name)` of type `\(kind.rawValue)` must be \(kind.phrase), not \(node.typeName).",
            fix: isUnquoted ? "Put the value into quotes." : "Write \(kind.phrase), or change the type.",
            at: node.range,
            address: "variables.\(name)")
    }
}
