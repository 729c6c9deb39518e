package import Language

/// One top-level key of a spec that holds declared things by name.
package struct Section: Sendable {
    package let key: String
    package let spec: any DeclaredSpec.Type
    package let summary: String
    package let role: Role

    /// What is done about the things of a section.
    package enum Role: Sendable, Hashable {
        /// They are made and kept on the servers as declared.
        case reconciled
        /// They are tried: suites.
        case checked
        /// They are named by others, and nothing more.
        case declared
    }

    package init(
        _ key: String, _ spec: any DeclaredSpec.Type, role: Role = .reconciled, _ summary: String
    ) {
        self.key = key
        self.spec = spec
        self.summary = summary
        self.role = role
    }
}

/// All that a spec may hold at its top.
package struct Catalog: Sendable {
    /// In the order in which things come to be; deletions go the other way.
    package let sections: [Section]
    /// The keys that hold no declared things: `servers`, `variables`.
    package let settings: [Field]
    /// What is wrong between declarations, as far as they and the files that they name tell; nothing is contacted. It
    /// is asked even if there are mistakes in them, and then keeps quiet about what may only follow from those.
    package let conflicts: @Sendable ([Declaration], SpecFolder) -> [Diagnostic]

    package init(
        sections: [Section], settings: [Field],
        conflicts: @escaping @Sendable ([Declaration], SpecFolder) -> [Diagnostic] = { _, _ in [] }
    ) {
        self.sections = sections
        self.settings = settings
        self.conflicts = conflicts
    }

    package static let versionKey = Key<String>(
        "drover", .choice(["v1"]), required: true, example: "v1", "The version of the spec language.")
    package static let stackKey = Key<Located<String>>(
        "stack", .located(.someText).shaped(.text(pattern: DeclaredName.pattern)), required: true, example: "helpdesk",
        "The name of the stack: what belongs together and is planned together.")

    /// Every top-level key.
    package var keys: [String] {
        [Self.versionKey.field.name, Self.stackKey.field.name] + settings.map(\.name) + sections.map(\.key)
    }

    package func section(_ key: String) -> Section? {
        sections.first { $0.key == key }
    }
}
