/// What of a workflow is visited. The workflow itself stays whole: a smaller one would look as if the rest had left the
/// spec, and the rest would be deleted.
package struct Scope: Sendable, Hashable {
    /// nil for everything.
    private let addresses: Set<Address>?

    /// Everything that is declared, and what has left the spec.
    package static let everything = Scope(addresses: nil)

    private init(addresses: Set<Address>?) {
        self.addresses = addresses
    }

    /// Some addresses with everything that they need, directly or not.
    package init(closing addresses: Set<Address>, in graph: Graph) {
        self.addresses = graph.closure(of: addresses)
    }

    /// Whether nothing is left out.
    package var isEverything: Bool { addresses == nil }

    package func contains(_ address: Address) -> Bool {
        addresses?.contains(address) ?? true
    }
}
