import Language

/// The logical identities of declared things: for each, all that can change what an agent does, without ids of servers.
/// Two states of a stack with equal digests behave alike as far as drover can see.
struct Identities: Sendable {
    private var own: [Address: String] = [:]

    /// Adds one address.
    /// - Parameter fields: What counts of it, by path.
    mutating func take(_ address: Address, _ fields: AppliedFields) {
        own[address] = sha256Hex(Value.object(fields).canonicalJSON.utf8)
    }

    /// The logical digest of an address: of it and of everything that it needs. Hexadecimal SHA-256.
    func digest(of address: Address, in graph: Graph) -> String {
        let parts = graph.closure(of: [address]).sorted().compactMap { part in own[part].map { "\(part) \($0)\n" } }
        return sha256Hex(parts.joined().utf8)
    }
}
