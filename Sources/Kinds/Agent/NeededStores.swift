import Language
package import Runtime
package import Wire

extension LlamaStack {
    /// Checks that the vector stores of a version exist: without them, servers answer as if there were nothing to find.
    /// - Parameter name: The name of the version, for the message.
    /// - Throws: `Diagnostic` naming the stores that were replaced or deleted.
    package func require(storesOf definition: AgentDefinition, called name: String) async throws {
        let needed = Set(definition.vectorStores.filter { $0.hasPrefix("vs_") })
        guard !needed.isEmpty, capabilities.hasVectorStores else { return }
        let missing = needed.subtracting(try await vectorStores.list().map(\.id)).sorted()
        guard missing.isEmpty else { throw Diagnostic.replacedStores(missing, name) }
    }
}

extension Diagnostic {
    fileprivate static func replacedStores(_ stores: [String], _ name: String) -> Diagnostic {
        Diagnostic(
            "replaced-store", "What the version searches in is gone",
            detail:
                "`\(name)` searches in the vector store \(stores.listed), which is not on the server any more: it was "
                + "replaced by a newer one, or deleted. The version would find nothing.",
            fix: "Ask a newer version, or apply the spec that this one was made from again.", cause: .unavailable)
    }
}
