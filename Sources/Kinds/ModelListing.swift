import Language
package import Wire

/// The models of a server, listed once and only when something asks.
package actor ModelListing {
    private let server: LlamaStack
    private var models: [LlamaStack.Model]?

    package init(_ server: LlamaStack) {
        self.server = server
    }

    /// Checks that the server offers a model.
    /// - Throws: `Diagnostic` with the nearest names when it does not.
    func require(_ model: Located<String>, for purpose: String) async throws {
        let offered = try await listed()
        guard !offered.contains(where: { $0.id == model.value }) else { return }
        throw Diagnostic.unknownModel(model, purpose, offered.map(\.id), server.endpoint.base)
    }

    private func listed() async throws -> [LlamaStack.Model] {
        if let models { return models }
        let listed = try await server.models.list()
        models = listed
        return listed
    }
}

extension Diagnostic {
    fileprivate static func unknownModel(
        _ model: Located<String>, _ purpose: String, _ offered: [String], _ base: String
    ) -> Diagnostic {
        let sorted = offered.sorted()
        return Diagnostic(
            "unknown-model", "Unknown model",
            detail: "The server at \(base) offers no model `\(model.value)` \(purpose).",
            fix: Suggestion.nearest(to: model.value, among: sorted).map { "Did you mean `\($0)`?" }
                ?? (sorted.isEmpty
                    ? "Configure a model on the server." : "Use one that it offers: \(sorted.prefix(12).listed)."),
            at: model.range, exitCode: 10)
    }
}
