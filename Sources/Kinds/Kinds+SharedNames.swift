import Engine
import Language

extension Kinds {
    /// Declarations that would be the same live object.
    func sharedNames(among declarations: [Declaration]) -> [Diagnostic] {
        let named = all.compactMap { kind in kind.names.map { (kind.section.key, $0) } }
        let spaces = Dictionary(named) { first, _ in first }
        var first: [NameSpace: [String: Declaration]] = [:]
        var problems: [Diagnostic] = []
        for declaration in declarations {
            guard let space = spaces[declaration.address.kind], let name = declaration.certainName else { continue }
            if let other = first[space]?[name] {
                problems.append(.sharedName(name, declaration, other, space))
            } else {
                first[space, default: [:]][name] = declaration
            }
        }
        return problems
    }
}

extension Declaration {
    /// The live name; nil when it cannot be known because of a mistake.
    fileprivate var certainName: String? {
        guard !spec.common.isNameDoubtful else { return nil }
        // A declared name that is invalid as a live name is one only when the field `name` says so.
        guard spec.common.name != nil || DeclaredName.isValid(address.name) else { return nil }
        return spec.liveName(at: address)
    }
}

extension Diagnostic {
    fileprivate static func sharedName(
        _ name: String, _ declaration: Declaration, _ other: Declaration, _ space: NameSpace
    ) -> Diagnostic {
        let isOneKind = declaration.address.kind == other.address.kind
        return Diagnostic(
            "shared-name", "Two declarations with one live name",
            detail: "`\(declaration.address)` and `\(other.address)` would both be named `\(name)`"
                + (isOneKind ? "." : ", and \(space.members) share their names."),
            fix: "Give one of them another `name`.", at: declaration.range ?? other.range,
            address: declaration.address.description,
            notes: [Note("The other one is declared here.", at: other.range)])
    }
}
