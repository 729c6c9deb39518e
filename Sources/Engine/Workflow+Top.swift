import Language

/// The top-level keys of a spec.
enum Top {
    /// Checks the top-level keys and reads the stack's name; nil when it is missing.
    /// - Parameter isComplete: Whether all of the spec was read: only then a field is missing.
    static func read(
        _ entries: [Node.Entry], _ root: Node, _ catalog: Catalog, isComplete: Bool, _ problems: inout Problems
    ) -> String? {
        for entry in entries where !FreeKey.isFree(entry.key) && !catalog.keys.contains(entry.key) {
            problems.report(.unknownSection(entry, catalog.keys))
        }
        func isWanted(_ field: Field) -> Bool { isComplete || entries.contains { $0.key == field.name } }
        if isWanted(Catalog.versionKey.field) { require(Catalog.versionKey, entries, root, &problems) }
        let name = isWanted(Catalog.stackKey.field) ? require(Catalog.stackKey, entries, root, &problems) : nil
        if let name, !DeclaredName.isValid(name.value) {
            problems.report(.badStackName(name))
        }
        return name?.value
    }

    @discardableResult
    private static func require<Value>(
        _ key: Key<Value>, _ entries: [Node.Entry], _ root: Node, _ problems: inout Problems
    ) -> Value? {
        guard let entry = entries.first(where: { $0.key == key.field.name }) else {
            let removal = problems.removal(ofOneOf: [key.field.name], from: root.range)
            problems.report(Diagnostic.missingTop(key.field, root).moved(to: removal))
            return nil
        }
        return key.read(entry.value, reporting: &problems)
    }
}

/// Checks that all references are declared.
struct Mentions {
    private let declarations: Declarations
    private let catalog: Catalog
    /// Declarations that could not be read (and were reported).
    private var unread: Set<Address> = []
    /// The kinds whose declarations are not known.
    private var unreadKinds: Set<String> = []
    /// The declared names of each kind, sorted; built when a reference is wrong.
    private var names: [String: [String]] = [:]
    /// The number of references for which a suggestion is made: each compares all names.
    private var suggestions = 100

    /// - Parameters:
    ///   - entries: The whole spec, which may have declarations that were not read.
    init(_ declarations: Declarations, unread entries: [Node.Entry], _ catalog: Catalog) {
        self.declarations = declarations
        self.catalog = catalog
        for section in entries where catalog.section(section.key) != nil && section.value.content != .null {
            guard let declared = section.value.entries else {
                unreadKinds.insert(section.key)
                continue
            }
            // Nothing is looked for where all that the spec names was read.
            guard declarations[kind: section.key].lazy.filter({ !$0.isImplied }).count < declared.count else {
                continue
            }
            for entry in declared {
                let address = Address(section.key, entry.key)
                if !declarations.contains(address) { unread.insert(address) }
            }
        }
    }

    /// Accepts every reference to a kind whose declarations are not known.
    mutating func allow(_ kinds: Set<String>) {
        unreadKinds.formUnion(kinds)
    }

    mutating func check(_ declaration: Declaration, _ problems: inout Problems) {
        for use in declaration.uses where !use.orID && !declarations.contains(use.address) && !isUnread(use.address) {
            guard catalog.section(use.address.kind) != nil else {
                // What is no output, such as `${row.a.b}`, may have been refused where it stands.
                let isTold = problems.diagnostics.contains { $0.severity == .error && $0.subject == use.range }
                if !isTold { problems.report(.unknownKind(use, catalog)) }
                continue
            }
            suggestions -= 1
            problems.report(.dangling(use, known: suggestions < 0 ? [] : names(of: use.address.kind)))
        }
    }

    private func isUnread(_ address: Address) -> Bool {
        unread.contains(address) || unreadKinds.contains(address.kind)
    }

    private mutating func names(of kind: String) -> [String] {
        if let known = names[kind] { return known }
        let known = declarations[kind: kind].map(\.address.name).sorted()
        names[kind] = known
        return known
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
}
