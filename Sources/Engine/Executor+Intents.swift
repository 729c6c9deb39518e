import Language
import Synchronization

/// The intents of which an apply has done what they were opened for: they are closed once the record holds that.
final class DoneIntents: Sendable {
    private let addresses = Mutex<Set<Address>>([])

    func insert(_ address: Address) { addresses.withLock { _ = $0.insert(address) } }

    var all: [Address] { addresses.withLock { $0.sorted() } }
}

/// Intents that outlived what they were noted for: their declaration left the spec, or was brought in another way.
extension Executor {
    /// The open intents of what is neither declared nor on a server.
    package var outlived: [Address] {
        guard scope.isEverything else { return [] }
        return record.intents.keys.compactMap(Address.init(text:)).filter { isGone(Self.owner(of: $0)) }.sorted()
    }

    /// Closes the open intents of what is neither declared nor on a server, and removes what they announced.
    /// - Parameter now: The record under the lock: an intent that another run opened meanwhile stays.
    package func closeOutlived(in now: Record) async throws {
        let outlived = Set(outlived.filter { now.intents[$0.description] == record.intents[$0.description] })
        try await closeIntents(where: outlived.contains)
    }

    /// Closes the intents of what was done, now that the record holds it.
    func closingDone(_ applied: Applied) async -> Applied {
        guard applied.recordFailure == nil else { return applied }
        var applied = applied
        // Those of several requests for one thing before that of the thing itself, which leads to them.
        for address in done.all.reversed() where isOver(address, after: applied) {
            do {
                try await store.close(intentOf: address)
            } catch {
                applied.recordFailure = Diagnostic.from(error, at: address.description)
            }
        }
        return applied
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
        guard !applied.kept.contains(owner) else { return false }
        return scope.isEverything && isGone(owner) || applied.removals[owner]?.isDone == true
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
