import FoundationEssentials
import Language
import Wire

extension VectorStoreResource {
    /// The keys that servers write into the metadata themselves.
    private static let serversKeys: Set = [
        "provider_id", "provider_vector_store_id", "embedding_model", "embedding_dimension",
    ]

    /// The stores of the server.
    ///
    /// A store that is being created has its name before it has the metadata of the request, and with it our mark (OGX 1.5.0
    /// registers it first). After an apply that was cut off there it would be taken for somebody else's: one that was created
    /// just now and has only the server's own metadata is looked at again, for two seconds at most.
    /// - Parameter names: The names that are wanted.
    func listedStores(named names: Set<String>) async throws -> [LlamaStack.VectorStore] {
        var stores = try await server.vectorStores.list()
        for _ in 0..<10 where stores.contains(where: { names.contains($0.name) && Self.isBeingCreated($0) }) {
            try await Task.sleep(for: .milliseconds(200))
            stores = try await server.vectorStores.list()
        }
        return stores
    }

    private static func isBeingCreated(_ store: LlamaStack.VectorStore) -> Bool {
        let age = Int(Date().timeIntervalSince1970) - store.createdAt
        return abs(age) <= 10 && serversKeys.isSuperset(of: store.metadata.keys)
    }
}
