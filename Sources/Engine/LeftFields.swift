package import Language

/// The fields of an object that its declaration leaves to others: `ignoreChanges: [description, tags.team]`.
///
/// They are written when the object is made. From then on they are neither compared nor restored, and not recorded as
/// applied.
package struct LeftFields: Sendable, Hashable {
    /// With everything below them.
    private var whole: Set<String>
    /// Single entries of maps, exactly.
    private var entries: Set<String>

    package static let none = LeftFields(whole: [], entries: [])

    private init(whole: Set<String>, entries: Set<String>) {
        self.whole = whole
        self.entries = entries
    }

    fileprivate init(_ texts: [String], of leavable: [LeavableField]) {
        let names = Set(leavable.map(\.name))
        whole = Set(texts.filter(names.contains))
        entries = Set(texts).subtracting(whole)
    }

    /// Whether it is left, given its path in a plan: `description`, `tags.team`.
    package func contains(_ path: String) -> Bool {
        entries.contains(path) || whole.contains { path == $0 || path.hasPrefix($0 + ".") }
    }

    /// The same for kinds whose plans tell a field by another path than the spec has.
    package func renaming(_ field: String, to name: String) -> LeftFields {
        let renamed = { (path: String) in
            path == field || path.hasPrefix(field + ".") ? name + path.dropFirst(field.count) : path
        }
        return LeftFields(whole: Set(whole.map(renamed)), entries: Set(entries.map(renamed)))
    }

    /// The fields that are not left.
    package func removed(from fields: AppliedFields) -> AppliedFields {
        self == .none ? fields : fields.filter { !contains($0.key) }
    }

    /// The entries of a map that are not left; none where the whole map is left.
    package func removed<Element>(from map: [String: Element], in field: String) -> [String: Element] {
        self == .none ? map : map.filter { !contains("\(field).\($0.key)") }
    }

    /// The value of a field, unless it is left.
    package func removed<Element>(from value: Element?, in field: String) -> Element? {
        contains(field) ? nil : value
    }
}

/// A field that can be left to others, because its server lets them change it.
package enum LeavableField: Sendable, Hashable {
    case field(String)
    /// A map: all of it, or single entries.
    case map(String)

    fileprivate var name: String {
        switch self {
        case .field(let name), .map(let name): name
        }
    }

    fileprivate func takes(_ text: String) -> Bool {
        guard case .map(let name) = self, text.hasPrefix(name + ".") else { return text == name }
        return text.count > name.count + 1
    }

    fileprivate var pattern: String {
        let escaped = name.replacing(".", with: #"\."#)
        if case .map = self { return escaped + #"(\.[\s\S]+)?"# }
        return escaped
    }

    /// `` `tags` `` or `` `tags.KEY` ``, as a message lists them.
    fileprivate var spellings: [String] {
        if case .map(let name) = self { return [name, "\(name).KEY"] }
        return [name]
    }
}

extension Common {
    /// The field `ignoreChanges` of a kind.
    package static func ignoreKey(_ leavable: LeavableField...) -> Key<LeftFields> {
        let spellings = leavable.flatMap(\.spellings)
        let element = Reading<Located<String>>.located(.someText).map { text, _, problems in
            if leavable.contains(where: { $0.takes(text.value) }) { return text.value }
            problems.report(.notLeavable(text, leavable))
            return nil
        }.shaped(.text(pattern: "^(\(leavable.map(\.pattern).joined(separator: "|")))$"))
        return Key<LeftFields>(
            "ignoreChanges", Reading<[String]>.list(element).map { texts, _, _ in LeftFields(texts, of: leavable) },
            example: "[\(leavable.first.map(\.name) ?? "")]",
            "Fields that are left to others once it is there: \(spellings.listed).")
    }
}

extension Diagnostic {
    fileprivate static func notLeavable(_ text: Located<String>, _ leavable: [LeavableField]) -> Diagnostic {
        let head = String(text.value.prefix { $0 != "." })
        let nearest =
            Suggestion.nearest(to: text.value, among: leavable.map(\.name))
            ?? Suggestion.nearest(to: head, among: leavable.map(\.name)).map { $0 + text.value.dropFirst(head.count) }
        return Diagnostic(
            "not-left-to-others", "A field that cannot be left to others",
            detail: "`\(text.value)` is no field that others can change on the server while this stack keeps the rest.",
            fix: nearest.map { "Did you mean `\($0)`?" } ?? "Use one of \(leavable.flatMap(\.spellings).listed).",
            at: text.range)
    }
}
