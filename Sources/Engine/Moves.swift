import Language

/// Checks the former names of declarations: each object goes to one declaration.
enum Moves {
    static func problems(of declarations: Declarations, _ catalog: Catalog) -> [Diagnostic] {
        let kinds = Set(catalog.sections.map(\.key))
        var taken: [Address: SourceRange] = [:]
        return declarations.compactMap { declaration in
            guard let moved = declaration.common.moved, let old = declaration.oldAddress else { return nil }
            if let named = Address(text: moved.value), kinds.contains(named.kind) {
                return .movedFromAddress(moved, named, to: declaration.address)
            }
            if old == declaration.address { return .movedFromItself(moved) }
            if declarations.contains(old) { return .movedFromDeclared(moved, old, to: declaration.address) }
            if let first = taken[old] { return .movedTwice(moved, old, first: first) }
            taken[old] = moved.range
            return nil
        }
    }
}

extension Diagnostic {
    fileprivate static func movedFromAddress(_ moved: Located<String>, _ old: Address, to address: Address)
        -> Diagnostic
    {
        let isSameKind = old.kind == address.kind
        return Diagnostic(
            "bad-moved", "Not a former name",
            detail: isSameKind
                ? "`moved` is the name that it had under `\(old.kind)`, without the kind."
                : "`\(address)` cannot have been `\(old)`: an object stays of its kind.",
            fix: isSameKind ? "Write `moved: \(old.name)`." : "Take it out.", at: moved.range)
    }

    fileprivate static func movedFromItself(_ moved: Located<String>) -> Diagnostic {
        Diagnostic(
            "bad-moved", "Not a former name", detail: "`\(moved.value)` is the name that it has.",
            fix: "Write the name that it had before, or take `moved` out.", at: moved.range)
    }

    fileprivate static func movedFromDeclared(
        _ moved: Located<String>, _ old: Address, to address: Address
    ) -> Diagnostic {
        Diagnostic(
            "moved-from-declared", "The former name is still declared",
            detail: "`\(address)` was `\(old)`, as it says, and `\(old)` is declared: its object cannot be both.",
            fix: "Take one of them out, or take `moved` out for a new object.", at: moved.range)
    }

    fileprivate static func movedTwice(_ moved: Located<String>, _ old: Address, first: SourceRange) -> Diagnostic {
        Diagnostic(
            "moved-twice", "Two declarations with one former name",
            detail: "The object of `\(old)` can only go to one of them.",
            fix: "Take `moved` out of the other one.", at: moved.range, notes: [Note("The first one", at: first)])
    }
}
