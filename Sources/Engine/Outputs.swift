package import Language

/// The outputs of all live objects, which others may reference: `${vectorStores.handbook.id}`.
package struct Outputs: Sendable {
    private var values: [Address: [String: Output]] = [:]
    /// The logical digests of what releases are made of, by address.
    package var identities: [Address: String] = [:]

    package init() {}

    package init(_ values: [Address: [String: Output]], identities: [Address: String] = [:]) {
        self.values = values
        self.identities = identities
    }

    /// The outputs of one address; nil while it does not exist.
    package subscript(address: Address) -> [String: Output]? {
        get { values[address] }
        set { values[address] = newValue }
    }

    /// One output; nil while it is not known.
    package func value(_ name: String, of address: Address) -> Value? {
        values[address]?[name]?.value
    }

    /// One output as its type; nil while it is not known.
    /// - Throws: `DecodingError` when it has another type.
    package func typed<T: Decodable>(_ name: String, of address: Address, as type: T.Type = T.self) throws -> T? {
        try values[address]?[name]?.decoded()
    }

    /// The value of a reference of the form `kind.name.output`; nil while it is not known.
    package func value(_ reference: Reference) -> Value? {
        guard reference.path.count == 3 else { return nil }
        return value(reference.path[2], of: Address(reference.path[0], reference.path[1]))
    }
}

/// A desired state of which some fields may be known only after apply.
package struct Wanted<Desired: Sendable>: Sendable {
    package var desired: Desired
    /// Paths of the fields that hold placeholders, such as `tools.knowledge`.
    package var unknown: Set<String>
    /// Warnings.
    package var warnings: [Diagnostic]

    package init(_ desired: Desired, unknown: Set<String> = [], warnings: [Diagnostic] = []) {
        self.desired = desired
        self.unknown = unknown
        self.warnings = warnings
    }
}
