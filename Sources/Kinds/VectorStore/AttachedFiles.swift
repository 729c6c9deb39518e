import Synchronization
import Wire

/// Which files the stores of a server hold. Each store is listed once, and again only when the server counts another number of
/// files in it than were listed: so many stores are told with about as many requests, however often that is asked.
final class AttachedFiles: Sendable {
    private let server: LlamaStack
    /// Who asks while another asks waits, and then finds what that one listed.
    private let turn = Slots(1)
    /// The ids of the files as each store listed them last, by its id.
    private let listed = Mutex<[String: Set<String>]>([:])

    init(_ server: LlamaStack) {
        self.server = server
    }

    /// The ids of the files that are in any store that is there now, but for one.
    func all(except store: String? = nil) async throws -> Set<String> {
        try await turn.run { try await present(except: store) }
    }

    private func present(except store: String?) async throws -> Set<String> {
        let stores = try await server.vectorStores.list().filter { $0.id != store }
        let known = listed.withLock { $0 }
        let changed = stores.filter { known[$0.id] == nil || known[$0.id]?.count != $0.fileCounts?.total }
        let files = try await changed.concurrentMap(limit: 8) { [server] store in
            do {
                return Set(try await server.listedFiles(of: store.id)?.map(\.id) ?? [])
            } catch let error as WireError where error.isAbsence {
                return []  // Another stack has deleted its store meanwhile.
            }
        }
        return listed.withLock { listed in
            for (store, files) in zip(changed, files) { listed[store.id] = files }
            return stores.reduce(into: []) { $0.formUnion(listed[$1.id] ?? []) }
        }
    }
}
