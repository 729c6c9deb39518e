import Engine
import Language
import Wire

extension ProbeContext {
    /// Whether the store's embedding model embeds, with vectors of the dimension in the spec.
    /// - Returns: nil when no server is available, or the model does not exist (yet): the plan reports that.
    func embedding(of store: VectorStoreSpec) async throws -> Finding.Status? {
        guard let server = servers.llamaStack else { return nil }
        let name = store.embeddingModel
        let declared = workflow[Address(ModelResource.kind, name.value)]?.spec as? ModelSpec
        let id = declared?.registeredID(server.capabilities.modelNaming) ?? name.value
        // The plan reports a model that does not exist.
        guard try await server.models.list().contains(where: { $0.id == id }) else { return nil }
        let length = try await server.dimension(ofVectorsOf: id)
        if let wanted = store.embeddingDimension ?? declared?.dimension, wanted != length {
            throw Diagnostic.otherDimension(id, wanted, length, name.range)
        }
        return .met("`\(id)` embeds with vectors of \(length) numbers")
    }
}

extension Diagnostic {
    fileprivate static func otherDimension(
        _ model: String, _ wanted: Int, _ length: Int, _ range: SourceRange
    ) -> Diagnostic {
        Diagnostic(
            "embedding-dimension", "Vectors of another length",
            detail:
                "The spec says that `\(model)` has vectors of \(wanted) numbers; it embedded a word with \(length).",
            fix: "Write \(length).", at: range, cause: .lacking)
    }
}
