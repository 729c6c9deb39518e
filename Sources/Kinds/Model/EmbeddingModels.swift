package import Engine
package import Language

extension Kinds {
    /// The server's id of an embedding model as a spec names it; by default that of the only one that is declared.
    /// - Throws: `Diagnostic` when there is none, or more than one.
    package static func embeddingModel(_ name: String?, in workflow: Workflow) throws(Diagnostic) -> String {
        let models = workflow.specs(of: ModelSpec.self)
        if let name { return models.first { $0.declaration.address.name == name }?.spec.id.value ?? name }
        let embedding = models.filter(\.spec.isEmbedding)
        guard embedding.count == 1, let only = embedding.first else {
            throw .noEmbeddingModel(among: embedding.map(\.declaration.address.name))
        }
        return only.spec.id.value
    }
}

extension Diagnostic {
    fileprivate static func noEmbeddingModel(among names: [String]) -> Diagnostic {
        Diagnostic(
            "no-embedding-model", "No embedding model",
            detail: names.isEmpty
                ? "The stack declares no model of the type `embedding`."
                : "The stack declares the embedding models \(names.listed), and none is named.",
            fix: "Name one with `model`.")
    }
}
