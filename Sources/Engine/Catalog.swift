package import Language

/// One top-level key of a spec that holds declarations by name.
package struct Section: Sendable {
    package let key: String
    package let spec: any DeclaredSpec.Type
    package let summary: String
    package let role: Role

    /// What is done with the declarations of a section.
    package enum Role: Sendable, Hashable {
        /// They are created and kept on the servers as declared.
        case reconciled
        /// They are run: suites.
        case checked
        /// They are only referenced by others.
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

/// All top-level keys of a spec.
package struct Catalog: Sendable {
    /// In the order of creation; deletions are in reverse order.
    package let sections: [Section]
    /// The keys without declarations: `servers`, `variables`.
    package let settings: [Field]
    /// Conflicts between declarations, judged by them and the files that they name; no server is contacted. It is also
    /// called when there are mistakes in them, and then does not report what may only follow from those.
    package let conflicts: @Sendable (Declarations, SpecFolder) -> [Diagnostic]

    package init(
        sections: [Section], settings: [Field],
        conflicts: @escaping @Sendable (Declarations, SpecFolder) -> [Diagnostic] = { _, _ in [] }
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
