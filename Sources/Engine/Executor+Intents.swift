import Language

/// Intents that outlived what they were noted for: their declaration left the spec, or was brought in another way.
extension Executor {
    /// The open intents of what is neither declared nor on a server.
    package var outlived: [Address] {
        guard scope.isEverything else { return [] }
        return record.intents.keys.compactMap(Address.init(text:)).filter { isGone(Self.owner(of: $0)) }.sorted()
    }

    /// Closes the open intents of what is neither declared nor on a server, and removes what they announced.
    package func closeOutlived() async throws {
        let outlived = Set(outlived)
        try await closeIntents(where: outlived.contains)
    }

    /// Closes open intents; what those of undeclared things announced is removed before.
    func closeIntents(where isOver: (Address) -> Bool) async throws {
        for (text, intent) in record.intents.sorted(by: { $0.key < $1.key }) {
            guard let address = Address(text: text), let driver = drivers[address.kind], isOver(address) else {
                continue
            }
            let owner = Self.owner(of: address)
            if workflow[owner] == nil, successor(of: owner) == nil { try await driver.abandon(intent) }
            try await store.close(intentOf: address)
        }
    }

    /// Whether an apply did what an intent was noted for, or it is not wanted any more and nothing of it is there.
    func isOver(_ address: Address, after applied: Applied) -> Bool {
        let owner = Self.owner(of: address)
        if let declared = workflow[owner]?.address ?? successor(of: owner) {
            return applied.steps[declared]?.isDone == true
        }
        return isGone(owner) || applied.removals[owner]?.isDone == true
    }

    private func isGone(_ owner: Address) -> Bool {
        guard drivers[owner.kind] != nil, workflow[owner] == nil, successor(of: owner) == nil else { return false }
        return survey.members[owner] == nil && !(survey.stale + survey.held).contains { $0.address == owner }
            && !survey.setAside.contains(owner)
    }

    /// What is declared as having had an address before.
    private func successor(of address: Address) -> Address? {
        workflow.declarations.first { $0.oldAddress == address }?.address
    }

    /// Several requests for one thing have intents of their own: `vectorStores.handbook/attaching`.
    private static func owner(of address: Address) -> Address {
        Address(address.kind, String(address.name.prefix { $0 != "/" }))
    }
}
