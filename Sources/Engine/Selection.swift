import Language

/// What of a stack a plan is about, as the user says it. Empty for all of it.
package struct Selection: Sendable, Hashable, Codable {
    /// Only these, with what they need; empty for everything.
    package var targets: [AddressPattern]
    /// Not these, nor what needs them.
    package var excluded: [AddressPattern]
    /// These are replaced, whether or not they differ.
    package var replaced: [AddressPattern]
    /// Whether what left the spec is removed.
    package var prunes: Bool
    /// Whether a part is done already: what a pattern named may be gone.
    private var isUnderWay = false

    private enum CodingKeys: String, CodingKey {
        case targets, excluded, replaced, prunes
    }

    package init(
        targets: [AddressPattern] = [], excluded: [AddressPattern] = [], replaced: [AddressPattern] = [],
        prunes: Bool = true
    ) {
        self.targets = targets
        self.excluded = excluded
        self.replaced = replaced
        self.prunes = prunes
    }

    package static let everything = Selection()

    package func replaces(_ address: Address) -> Bool {
        replaced.contains { $0.matches(address) }
    }

    /// The same once what is to be replaced was replaced, and what is to be removed may have been.
    package var afterReplacing: Selection {
        var selection = self
        selection.replaced = []
        selection.isUnderWay = true
        return selection
    }

    /// A diagnostic for each pattern that matches nothing declared and nothing of the stack.
    ///
    /// - Parameter members: The addresses of what the stack has on the servers.
    func withoutMatch(among declared: [Address], _ members: [Address]) -> [Diagnostic] {
        guard !isUnderWay else { return [] }
        let missed = (targets + excluded).filter { pattern in
            !declared.contains(where: pattern.matches) && !members.contains(where: pattern.matches)
        }
        let unplaced = replaced.filter { !declared.contains(where: $0.matches) }
        return (missed + unplaced).map { .selectsNothing($0, declared) }
    }
}

extension Selection {
    /// The replacements that a plan does not make, although the pattern says the whole address.
    /// - Parameters:
    ///   - broken: What is not planned because of a problem that is told.
    ///   - planned: What it does; nil for what is not in it.
    func unreplaced(butFor broken: Set<Address>, _ planned: (Address) -> Action?) -> [Diagnostic] {
        replaced.compactMap { pattern in
            guard let address = Address(text: pattern.description), !broken.contains(address) else { return nil }
            switch planned(address) {
            case .replace, .create: return nil
            case nil: return .replacesWhatIsLeftOut(address)
            case .some: return .nothingToReplace(address)
            }
        }
    }
}

extension Diagnostic {
    fileprivate static func replacesWhatIsLeftOut(_ address: Address) -> Diagnostic {
        Diagnostic(
            "replacement-left-out", "A replacement of what the plan leaves out",
            detail: "`\(address)` is to be replaced, and the selection leaves it out.",
            fix: "Select it, too, or leave its replacement out.", address: address.description, cause: .usage)
    }

    fileprivate static func nothingToReplace(_ address: Address) -> Diagnostic {
        Diagnostic(
            "nothing-to-replace", "Nothing that could be replaced",
            detail: "`\(address)` has no object of its own on these servers: what uses it holds it, or the server "
                + "itself has it.",
            fix: "Leave its replacement out, or replace what uses it.", address: address.description, cause: .usage)
    }

    fileprivate static func selectsNothing(_ pattern: AddressPattern, _ declared: [Address]) -> Diagnostic {
        let names = declared.map(\.description)
        let kinds = Set(declared.map(\.kind)).sorted()
        let nearest = Suggestion.nearest(to: pattern.description, among: names + kinds)
        return Diagnostic(
            "selects-nothing", "A selection that matches nothing",
            detail: "`\(pattern)` matches nothing that is declared, and nothing that the stack has on the servers.",
            fix: nearest.map { "Did you mean `\($0)`?" }
                ?? "Name a declaration, such as \(names.first.map { "`\($0)`" } ?? "`agents.support`"), a kind or a pattern.",
            cause: .usage)
    }
}
