/// The fields of one map, read by key; everything wrong with them is collected.
package struct Fields {
    /// The known fields that are present, in the order of the source; few enough for a linear search.
    private let entries: [Node.Entry]
    package var problems: Problems
    /// The whole map.
    package let node: Node
    private var reportedBefore = 0
    /// The fields whose values could not be read.
    private var doubtful: Set<String>

    private init(node: Node, entries: [Node.Entry], meant: Set<String>) {
        self.node = node
        self.entries = entries
        doubtful = meant
        problems = Problems()
    }

    private func place(of name: String) -> Int? {
        entries.indices.first { entries[$0].key == name }
    }

    /// Reads an optional field; nil when it is not there, or wrong (and reported).
    package mutating func read<Value>(_ key: Key<Value>) -> Value? {
        guard let place = place(of: key.field.name), !entries[place].value.isNull else { return nil }
        let met = problems.met
        let value = key.reading.read(entries[place].value, &problems)
        if problems.met > met { doubtful.insert(key.field.name) }
        return value
    }

    /// Whether a field's decoded value is not what was meant: it has a mistake in it, it is missing, or an unknown
    /// key was probably meant for it. Problems that follow from such a field are not reported.
    package func isDoubtful<Value>(_ key: Key<Value>) -> Bool {
        doubtful.contains(key.field.name)
    }

    /// Reads a required field; returns the placeholder when it is missing or wrong (and reported).
    package mutating func require<Value>(_ key: Key<Value>, else placeholder: @autoclosure () -> Value) -> Value {
        if let value = read(key) { return value }
        doubtful.insert(key.field.name)
        return placeholder()
    }

    /// Where a field's value was written; nil when the field is missing.
    package func range(of name: String) -> SourceRange? {
        place(of: name).map { entries[$0].value.range }
    }

    /// Where a field's key was written; nil when the field is missing.
    package func keyRange(of name: String) -> SourceRange? {
        place(of: name).map { entries[$0].keyRange }
    }

    /// What is wrong with this map so far.
    package var reported: ArraySlice<Diagnostic> {
        problems.diagnostics[reportedBefore...]
    }

    package func has(_ name: String) -> Bool {
        place(of: name).map { !entries[$0].value.isNull } ?? false
    }

    /// The declared keys that are present, in the order of the source.
    package var names: [String] {
        entries.map(\.key)
    }

    /// Decodes a map: checks its keys, then lets the type read its fields.
    /// - Returns: nil when the node is not a map; a value with placeholders when there are mistakes in it.
    package static func decode<Spec: SpecDecodable>(
        _ type: Spec.Type, from node: Node, _ problems: inout Problems
    ) -> Spec? {
        guard case .mapping(let entries) = node.content else {
            return problems.wrongType(node, expected: "a map (\(type.noun))")
        }
        var meant: Set<String> = []
        let known = known(entries, of: type, meant: &meant, &problems)
        var fields = Fields(node: node, entries: known, meant: meant)
        // Moved rather than copied, so that every report appends to the same list.
        swap(&fields.problems, &problems)
        defer { swap(&fields.problems, &problems) }
        fields.reportedBefore = fields.problems.diagnostics.count
        fields.checkPresence(type, except: meant)
        return type.init(from: &fields)
    }

    /// - Parameter meant: The fields that unknown keys were probably meant for; they are not reported as missing.
    private static func known(
        _ entries: [Node.Entry], of type: any SpecDecodable.Type, meant: inout Set<String>, _ problems: inout Problems
    ) -> [Node.Entry] {
        let fields = type.fields
        guard !entries.allSatisfy({ fields.hasName($0.key) }) else { return entries }
        return entries.filter { entry in
            if fields.hasName(entry.key) { return true }
            guard !FreeKey.isFree(entry.key) else { return false }
            problems.report(.unknownField(entry, in: type))
            if let nearest = Suggestion.nearest(to: entry.key, among: fields.map(\.name)) { meant.insert(nearest) }
            return false
        }
    }

    private mutating func checkPresence(_ type: any SpecDecodable.Type, except meant: Set<String>) {
        let fields = type.fields
        for index in fields.indices where fields[index].isRequired {
            let field = fields[index]
            guard !has(field.name), !meant.contains(field.name) else { continue }
            report(
                .missingField(field, of: type.noun, at: keyRange(of: field.name) ?? node.range), missing: [field.name])
        }
        for rule in type.rules { check(rule, of: type, except: meant) }
    }

    private mutating func report(_ diagnostic: Diagnostic, missing names: [String]) {
        problems.report(diagnostic.moved(to: problems.removal(ofOneOf: names, from: node.range)))
    }

    private mutating func check(_ rule: FieldRule, of type: any SpecDecodable.Type, except meant: Set<String>) {
        switch rule {
        case .exactlyOne(let group):
            let present = group.filter(has)
            guard present.count != 1, present.count > 1 || meant.isDisjoint(with: group) else { return }
            let diagnostic = Diagnostic.notExactlyOne(group, present: present, of: type.noun, at: node.range)
            report(diagnostic, missing: present.isEmpty ? group : [])
        case .atLeastOne(let group):
            guard !group.contains(where: has), meant.isDisjoint(with: group) else { return }
            report(.noneOfSeveral(group, of: type.noun, at: node.range), missing: group)
        case .atMostOne(let group):
            let present = group.filter { name in
                has(name) || range(of: name) != nil && type.fields.contains { $0.name == name && $0.shape.isAnyData }
            }
            guard present.count > 1 else { return }
            problems.report(.conflictingFields(group, present: present, of: type.noun, at: keyRange(of: present[1])))
        case .needs(let name, let other, let reason):
            guard has(name), !has(other), let range = keyRange(of: name) else { return }
            let example = type.fields.first { $0.name == other }?.example
            problems.report(.fieldNeedsAnother(name, other, reason, example: example, at: range))
        }
    }
}

extension [Field] {
    /// By index, because a field is large and most of the time of reading a spec is spent here.
    fileprivate func hasName(_ name: String) -> Bool {
        indices.contains { self[$0].name == name }
    }
}

/// Keys that are free wherever the fields are drover's own: those that start with `x-`. In maps whose keys are the
/// user's (headers, tags, names, data), such a key is one like any other.
package enum FreeKey {
    package static func isFree(_ key: String) -> Bool {
        key.utf8.starts(with: "x-".utf8)
    }
}

/// The pattern of declared names: `[a-z][a-z0-9-]{0,62}`.
package enum DeclaredName {
    package static let pattern = "^[a-z][a-z0-9-]{0,62}$"

    package static func isValid(_ name: String) -> Bool {
        guard let first = name.utf8.first, (0x61...0x7A).contains(first), name.utf8.count <= 63 else { return false }
        return name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }
}

/// `{env: NAME, optional?: true}` or `{file: PATH}`.
struct SecretFields: SpecDecodable {
    static let noun = "a secret"
    private static let environment = Key(
        "env", .someText, example: "OPENAI_API_KEY", "Name of the environment variable that holds the secret.")
    private static let optional = Key(
        "optional", .boolean, default: "false", "Whether the environment variable may be unset.")
    private static let file = Key(
        "file", .path, example: "/run/secrets/token", "Path of a file that holds the secret and nothing else.")
    static let fields = [environment.field, optional.field, file.field]
    static let rules = [FieldRule.exactlyOne(["env", "file"])]

    let source: SecretSource

    init(from fields: inout Fields) {
        let isOptional = fields.read(Self.optional) ?? false
        if let name = fields.read(Self.environment) {
            source = .environment(name, optional: isOptional)
        } else {
            source = .file(fields.read(Self.file)?.value ?? "")
        }
    }

    /// Whether it is a text between braces: `{sk-…}` is a map with a key and no value.
    static func isText(_ entries: [Node.Entry]) -> Bool {
        entries.contains { $0.value.isNull && !fields.hasName($0.key) && !FreeKey.isFree($0.key) }
    }

    static func read(_ node: Node, _ problems: inout Problems) -> SecretSource? {
        Fields.decode(SecretFields.self, from: node, &problems)?.source
    }
}
