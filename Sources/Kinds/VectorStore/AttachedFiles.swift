import Synchronization
package import Wire

/// Which files the stores of a server hold. Each store is listed once, and again only when the server counts another number of
/// files in it than were listed, or some seconds have passed: so many stores are told with about as many requests, however often
/// that is asked. The time is for files that somebody swaps: no server says reliably that a store was changed.
package final class AttachedFiles: Sendable {
    private struct Listing {
        let files: Set<String>
        /// When it was asked for.
        let at: ContinuousClock.Instant
    }

    private let server: LlamaStack
    private let lifetime: Duration
    private let now: @Sendable () -> ContinuousClock.Instant
    /// Who asks while another asks waits, and then finds what that one listed.
    private let turn = Slots(1)
    /// The files as each store listed them last, by its id.
    private let listed = Mutex<[String: Listing]>([:])

    /// - Parameter lifetime: How long a listing is believed.
    package init(
        _ server: LlamaStack, lifetime: Duration = .seconds(10),
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.server = server
        self.lifetime = lifetime
        self.now = now
    }

    /// The ids of the files that are in any store that is there now, but for one.
    package func all(except store: String? = nil) async throws -> Set<String> {
        try await turn.run { try await present(except: store) }
    }

    private func present(except store: String?) async throws -> Set<String> {
        let stores = try await server.vectorStores.list().filter { $0.id != store }
        let known = listed.withLock { $0 }
        let start = now()
        let changed = stores.filter { store in
            guard let listing = known[store.id] else { return true }
            return listing.files.count != store.fileCounts?.total || listing.at.duration(to: start) >= lifetime
        }
        let files = try await changed.concurrentMap(limit: 8) { [server] store in
            do {
                return Set(try await server.listedFiles(of: store.id)?.map(\.id) ?? [])
            } catch let error as WireError where error.isAbsence {
                return []  // Another stack has deleted its store meanwhile.
            }
        }
        return listed.withLock { listed in
            for (store, files) in zip(changed, files) { listed[store.id] = Listing(files: files, at: start) }
            return stores.reduce(into: []) { $0.formUnion(listed[$1.id]?.files ?? []) }
        }
    }
}
