import Engine
import Language
import Wire

/// Llama Stack 0.2 may reject the creation of a store and leave it behind nevertheless, with its name and nothing else:
/// without metadata, so without a mark. What is about to be created is announced in the record, so that it can be
/// recognised.
struct FailedCreation: Sendable, Hashable {
    static let key = "creating"

    let name: String
    /// The stores of that name that existed before.
    let before: Set<String>

    init(of name: String, beside stores: [LlamaStack.VectorStore]) {
        self.name = name
        before = Set(stores.filter { $0.name == name }.map(\.id))
    }

    /// Reads an intent of the record; nil when it announces no creation.
    init?(_ intent: Value?) {
        guard let creating = intent?[Self.key], let name = creating["name"]?.string else { return nil }
        self.name = name
        before = Set((creating["before"]?.array ?? []).compactMap(\.string))
    }

    var value: Value {
        ["name": .string(name), "before": .array(before.sorted().map { .string($0) })]
    }

    /// Whether a store is the leftover of a rejected creation: an empty one of that name without an owner.
    func left(_ store: LlamaStack.VectorStore) -> Bool {
        let own: Set = ["provider_id", "provider_vector_db_id"]
        return store.name == name && !before.contains(store.id) && (store.fileCounts?.total ?? 0) == 0
            && store.metadata.keys.allSatisfy(own.contains)
    }
}

extension Record {
    /// The address whose rejected creation left a store behind; nil when it is not ours.
    func failedCreation(of store: LlamaStack.VectorStore) -> Address? {
        let found = intents.first { FailedCreation($0.value)?.left(store) == true }
        return found.flatMap { Address(text: $0.key) }
    }
}

extension VectorStoreResource {
    /// Creates a store; the leftover of a rejection is deleted, here or by the next run.
    func createStore(
        _ draft: LlamaStack.VectorStores.Draft, at address: Address, in context: ApplyContext
    ) async throws -> LlamaStack.VectorStore {
        guard server.capabilities.mayLeaveStoresBehind else { return try await server.vectorStores.create(draft) }
        let failed = FailedCreation(of: draft.name, beside: try await server.vectorStores.list())
        let intent = (context.intent?.object ?? [:]).merging([FailedCreation.key: failed.value]) { $1 }
        try await context.record.open(.object(intent), for: address)
        do {
            let store = try await server.vectorStores.create(draft)
            if let earlier = context.intent {
                try await context.record.open(earlier, for: address)
            } else {
                try await context.record.close(intentOf: address)
            }
            return store
        } catch let error as WireError where error.status != nil {
            for store in try await server.vectorStores.list() where failed.left(store) {
                try await server.vectorStores.delete(store.id)
            }
            throw error
        }
    }
}
