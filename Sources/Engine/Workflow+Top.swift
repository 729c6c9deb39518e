import Language

/// The keys at the top of a spec.
enum Top {
    /// Checks the top-level keys and reads the stack's name; a placeholder stands in when it is missing.
    static func read(
        _ entries: [Node.Entry], _ root: Node, _ catalog: Catalog, _ problems: inout Problems
    ) -> StackName {
        for entry in entries where !entry.key.hasPrefix("x-") && !catalog.keys.contains(entry.key) {
            problems.report(.unknownSection(entry, catalog.keys))
        }
        require(Catalog.versionKey, entries, root, &problems)
        let name = require(Catalog.stackKey, entries, root, &problems)
        if let name, !DeclaredName.isValid(name.value) {
            problems.report(.badStackName(name))
        }
        return StackName(name?.value ?? "unnamed")
    }

    @discardableResult
    private static func require<Value>(
        _ key: Key<Value>, _ entries: [Node.Entry], _ root: Node, _ problems: inout Problems
    ) -> Value? {
        guard let entry = entries.first(where: { $0.key == key.field.name }) else {
            problems.report(.missingTop(key.field, root))
            return nil
        }
        return key.read(entry.value, reporting: &problems)
    }
}

/// The declared names by kind, for checking mentions.
struct NameIndex {
    private let names: [String: Set<String>]
    private let catalog: Catalog

    init(_ declarations: [Declaration], _ catalog: Catalog) {
        names = Dictionary(grouping: declarations.map(\.address), by: \.kind).mapValues { Set($0.map(\.name)) }
        self.catalog = catalog
    }

    func check(_ declaration: Declaration, _ problems: inout Problems) {
        for use in declaration.uses where !use.orID {
            guard catalog.section(use.address.kind) != nil else {
                problems.report(.unknownKind(use, catalog))
                continue
            }
            let known = names[use.address.kind] ?? []
            guard !known.contains(use.address.name) else { continue }
            problems.report(.dangling(use, known: known.sorted()))
        }
        for text in declaration.spec.common.dependsOn where Address(text: text.value) == nil {
            problems.report(.badDependency(text))
        }
    }
}

extension Diagnostic {
    fileprivate static func unknownSection(_ entry: Node.Entry, _ keys: [String]) -> Diagnostic {
        Diagnostic(
            "unknown-field", "Unknown field", detail: "A spec has no field `\(entry.key)`.",
            fix: Suggestion.nearest(to: entry.key, among: keys).map { "Did you mean `\($0)`?" }
                ?? "Use one of \(keys.listed), or start the key with `x-` if it is yours.",
            at: entry.keyRange)
    }

    fileprivate static func missingTop(_ field: Field, _ root: Node) -> Diagnostic {
        Diagnostic(
            "missing-field", "Missing field",
            detail: "A spec needs the field `\(field.name)`: \(field.summary.uncapitalizedFirst)",
            fix: "Add `\(field.name): \(field.example ?? "…")`.", at: root.range.firstLine)
    }

    fileprivate static func badStackName(_ name: Located<String>) -> Diagnostic {
        Diagnostic(
            "bad-name", "Unusable name",
            detail: "`\(name.value)` cannot name a stack: a name starts with a lower-case letter and holds lower-case "
                + "letters, digits and `-`, at most 63 in all.",
            fix: "Choose another name.", at: name.range)
    }

    fileprivate static func dangling(_ use: Use, known: [String]) -> Diagnostic {
        Diagnostic(
            "dangling-reference", "Reference to something that is not declared",
            detail: "There is no `\(use.address.name)` under `\(use.address.kind)`.",
            fix: Suggestion.nearest(to: use.address.name, among: known).map { "Did you mean `\($0)`?" }
                ?? (known.isEmpty
                    ? "Declare it under `\(use.address.kind):`."
                    : "Declare it, or use one of \(known.prefix(8).listed)."),
            at: use.range)
    }

    fileprivate static func unknownKind(_ use: Use, _ catalog: Catalog) -> Diagnostic {
        let kinds = catalog.sections.map(\.key)
        return Diagnostic(
            "unknown-kind", "Unknown kind", detail: "There is no kind `\(use.address.kind)`.",
            fix: Suggestion.nearest(to: use.address.kind, among: kinds).map { "Did you mean `\($0)`?" }
                ?? "Use one of \(kinds.listed).",
            at: use.range)
    }

    fileprivate static func badDependency(_ text: Located<String>) -> Diagnostic {
        Diagnostic(
            "bad-dependency", "Unreadable dependency", detail: "`\(text.value)` names no declared thing.",
            fix: "Write `kind/name`, such as `vectorStores/handbook`.", at: text.range)
    }
}
