import Engine
import Language

extension Kinds {
    /// Declarations that would be the same live object.
    func sharedNames(among declarations: Declarations) -> [Diagnostic] {
        var first: [NameSpace: [String: Declaration]] = [:]
        var problems: [Diagnostic] = []
        for kind in all {
            guard let space = kind.names else { continue }
            var names = first.removeValue(forKey: space) ?? [:]
            for declaration in declarations[kind: kind.section.key] {
                guard let name = declaration.certainName else { continue }
                guard let other = names.updateValue(declaration, forKey: name) else { continue }
                names[name] = other
                problems.append(.sharedName(name, declaration, other, space))
            }
            first[space] = names
        }
        return problems
    }
}

extension Declaration {
    /// The live name; nil when it cannot be known because of a mistake.
    fileprivate var certainName: String? {
        guard !common.isNameDoubtful else { return nil }
        // A declared name that is invalid as a live name is one only when the field `name` says so.
        if let name = common.name { return name }
        return DeclaredName.isValid(address.name) ? address.name : nil
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
