package import Language

/// What other things may name of the things that are there: `${vectorStores.handbook.id}`.
package struct Outputs: Sendable {
    private var values: [Address: [String: Output]] = [:]

    package init() {}

    package init(_ values: [Address: [String: Output]]) {
        self.values = values
    }

    /// The outputs of one thing; nil while it is not there.
    package subscript(address: Address) -> [String: Output]? {
        get { values[address] }
        set { values[address] = newValue }
    }

    /// One output; nil while it is not known.
    package func value(_ name: String, of address: Address) -> Value? {
        values[address]?[name]?.value
    }

    /// One output as the type that it was given as; nil while it is not known.
    /// - Throws: `DecodingError` when it is of another shape.
    package func typed<T: Decodable>(_ name: String, of address: Address, as type: T.Type = T.self) throws -> T? {
        try values[address]?[name]?.decoded()
    }

    /// What a reference of the form `kind.name.output` stands for; nil while it is not known.
    package func value(_ reference: Reference) -> Value? {
        guard reference.path.count == 3 else { return nil }
        return value(reference.path[2], of: Address(reference.path[0], reference.path[1]))
    }
}

/// A desired state of which some fields may be known only after apply.
package struct Wanted<Desired: Sendable>: Sendable {
    package var desired: Desired
    /// Paths of the fields that hold placeholders, e.g. `tools.knowledge`.
    package var unknown: Set<String>
    /// What the user should know although it stops nothing.
    package var warnings: [Diagnostic]

    package init(_ desired: Desired, unknown: Set<String> = [], warnings: [Diagnostic] = []) {
        self.desired = desired
        self.unknown = unknown
        self.warnings = warnings
    }
}
