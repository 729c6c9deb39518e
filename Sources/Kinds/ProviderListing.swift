import Engine
import Language
import Wire

/// The providers of a server, listed once and only when a spec names one.
actor ProviderListing {
    private let server: LlamaStack
    private var listed: [LlamaStack.Provider]?

    init(_ server: LlamaStack) {
        self.server = server
    }

    /// Checks that the server has a provider of an API, such as `vector_io`.
    /// - Parameter things: What the provider provides: `vector stores`.
    /// - Returns: A warning when the server cannot list them.
    /// - Throws: `Diagnostic` (`lacking`) with the nearest names when it does not.
    func require(
        _ id: String, of api: String, for things: String, at range: SourceRange?
    ) async throws -> Diagnostic? {
        let known: [LlamaStack.Provider]
        do {
            known = if let listed { listed } else { try await server.providers() }
        } catch let error as WireError {
            guard let unchecked = Unchecked(error, whether: "it has the provider `\(id)`", at: range) else {
                throw error
            }
            return unchecked.warning
        }
        listed = known
        let names = known.filter { $0.api == api }.map(\.id).sorted()
        guard !names.contains(id) else { return nil }
        throw Diagnostic(
            "unknown-provider", "Unknown provider",
            detail: "The server at \(server.endpoint.base) has no provider `\(id)` of \(things) in its configuration.",
            fix: Suggestion.nearest(to: id, among: names).map { "Did you mean `\($0)`?" }
                ?? (names.isEmpty
                    ? "Add it to the server's configuration under `\(api)`." : "Use one of \(names.listed)."),
            at: range, cause: .lacking)
    }
}
