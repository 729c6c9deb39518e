import Language

/// A text that quotes parts of the conversation.
///
/// `${user}`, `${history}`, `${system}`, `${result}` are whole texts; `${user.1}` is a group of the rule's pattern for
/// it; `${result.json.a.b}` a field of a JSON result; `${best}` the best sentence of the results of a file search;
/// `$${` is `${`.
struct ScriptText: Sendable, Hashable {
    enum Part: Sendable, Hashable {
        case literal(String)
        case whole(Subject)
        case group(Subject, Int)
        case field([String])
        case best
    }

    let parts: [Part]

    /// The text with all quotations substituted.
    /// - Throws: `Missing` when a quoted part is not in the conversation.
    func text(_ match: ScriptMatch) throws(Missing) -> String {
        try value(match).interpolated
    }

    /// The same, but a text that consists of one field of a result keeps the field's type.
    func value(_ match: ScriptMatch) throws(Missing) -> Value {
        if parts.count == 1 { return try Self.value(of: parts[0], match) }
        var text = ""
        for part in parts {
            text += try Self.value(of: part, match).interpolated
        }
        return .string(text)
    }

    /// A quoted part that the conversation does not have.
    struct Missing: Error, Sendable, Hashable {
        let what: String
    }

    private static func value(of part: Part, _ match: ScriptMatch) throws(Missing) -> Value {
        switch part {
        case .literal(let text): return .string(text)
        case .whole(let subject): return .string(subject.text(in: match.conversation))
        case .best: return .string(BuiltInBehaviour.answer(match.conversation))
        case .group(let subject, let number):
            guard let groups = match.groups[subject], groups.indices.contains(number) else {
                throw Missing(what: "group \(number) of the pattern for `\(subject.rawValue)`")
            }
            return .string(groups[number])
        case .field(let path):
            var value = match.conversation.results.last?.json
            for name in path {
                value = value?[name] ?? Int(name).flatMap { index in value?.array.flatMap { $0.element(at: index) } }
            }
            guard let value else { throw Missing(what: "field `\(path.joined(separator: "."))` of the tool's result") }
            return value
        }
    }
}

extension ScriptText {
    /// Reads the references of a text.
    /// - Throws: `Unknown` for one that quotes nothing.
    init(reading text: String) throws(Unknown) {
        var parts: [Part] = []
        var literal = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            literal += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${") {
                literal += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${"), let end = rest.firstIndex(of: "}") {
                if !literal.isEmpty { parts.append(.literal(literal)) }
                literal = ""
                parts.append(try Self.part(rest.dropFirst(2).prefix(upTo: end)))
                rest = rest[end...].dropFirst()
            } else {
                literal += "$"
                rest = rest.dropFirst()
            }
        }
        literal += rest
        if !literal.isEmpty { parts.append(.literal(literal)) }
        self.init(parts: parts)
    }

    /// A reference that scripts do not support, without `${` and `}`.
    struct Unknown: Error, Sendable, Hashable {
        let reference: String
    }

    private static func part(_ reference: Substring) throws(Unknown) -> Part {
        let names = reference.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if names == ["best"] { return .best }
        if names.count > 2, names[0] == "result", names[1] == "json" { return .field(Array(names.dropFirst(2))) }
        if let subject = Subject(rawValue: names[0]) {
            if names.count == 1 { return .whole(subject) }
            if names.count == 2, let number = Int(names[1]), number >= 0 { return .group(subject, number) }
        }
        throw Unknown(reference: String(reference))
    }
}

/// Data whose texts may quote the conversation.
indirect enum ScriptData: Sendable, Hashable {
    case fixed(Value)
    case text(ScriptText)
    case list([ScriptData])
    case map([String: ScriptData])

    func value(_ match: ScriptMatch) throws(ScriptText.Missing) -> Value {
        switch self {
        case .fixed(let value): return value
        case .text(let text): return try text.value(match)
        case .list(let elements):
            var values: [Value] = []
            for element in elements { values.append(try element.value(match)) }
            return .array(values)
        case .map(let entries):
            var values: [String: Value] = [:]
            for (key, entry) in entries { values[key] = try entry.value(match) }
            return .object(values)
        }
    }
}

extension Reading where Value == ScriptText {
    /// Text with references to the conversation.
    static var scriptText: Reading {
        Reading<String>.text.map { text, node, problems in ScriptText.read(text, node, &problems) }
    }
}

extension ScriptText {
    fileprivate static func read(_ text: String, _ node: Node, _ problems: inout Problems) -> ScriptText? {
        do throws(Unknown) {
            return try ScriptText(reading: text)
        } catch {
            problems.report(.unknownQuotation(error.reference, node))
            return nil
        }
    }
}

extension Reading where Value == ScriptData {
    /// A map of data with references to the conversation in its texts.
    static var scriptData: Reading {
        Reading<Node>.node.map { node, _, problems in
            guard node.entries != nil else {
                problems.report(.argumentsNoMap(node))
                return nil
            }
            return ScriptData(node, &problems)
        }
    }
}

extension ScriptData {
    fileprivate init(_ node: Node, _ problems: inout Problems) {
        switch node.content {
        case .string(let text): self = ScriptText.read(text, node, &problems).map { .text($0) } ?? .fixed(.null)
        case .sequence(let nodes):
            var elements: [ScriptData] = []
            for node in nodes { elements.append(ScriptData(node, &problems)) }
            self = .list(elements)
        case .mapping(let entries):
            var values: [String: ScriptData] = [:]
            for entry in entries { values[entry.key] = ScriptData(entry.value, &problems) }
            self = .map(values)
        case .null, .bool, .integer, .bigInteger, .number, .pending: self = .fixed(node.value(&problems))
        }
    }
}

extension Array {
    fileprivate func element(at index: Int) -> Element? {
        indices.contains(index) ? self[index] : nil
    }
}

extension Diagnostic {
    fileprivate static func unknownQuotation(_ reference: String, _ node: Node) -> Diagnostic {
        Diagnostic(
            "unknown-reference", "Unknown reference",
            detail: "`${\(reference)}` is nothing that a script can quote.",
            fix:
                "Use `${user}`, `${user.1}` (also `history`, `system`, `result`), `${result.json.FIELD}` or `${best}`; "
                + "`$${` is a literal `${`.",
            at: node.range)
    }

    fileprivate static func argumentsNoMap(_ node: Node) -> Diagnostic {
        Diagnostic(
            "wrong-type", "Wrong type", detail: "`arguments` is \(node.typeName), but a map is needed.",
            fix: "Write `arguments: {name: value}`.", at: node.range)
    }
}
