/// The part of a workflow that is visited. The workflow itself stays complete: from a smaller one, the rest would look
/// removed from the spec, and would be deleted.
package struct Scope: Sendable, Hashable {
    /// nil for everything.
    private let addresses: Set<Address>?

    /// Everything that is declared, and everything that was removed from the spec.
    package static let everything = Scope(addresses: nil)

    private init(addresses: Set<Address>?) {
        self.addresses = addresses
    }

    /// Some addresses, with all their transitive dependencies.
    package init(closing addresses: Set<Address>, in graph: Graph) {
        self.addresses = graph.closure(of: addresses)
    }

    /// Whether nothing is left out.
    package var isEverything: Bool { addresses == nil }

    package func contains(_ address: Address) -> Bool {
        addresses?.contains(address) ?? true
    }
}
