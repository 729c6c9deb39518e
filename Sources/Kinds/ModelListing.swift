import Engine
import Language
package import Wire

/// The models of a server, listed once and on demand, and those that the spec is going to register.
package actor ModelListing {
    private let server: LlamaStack
    /// The ids that will exist once the declared models are registered.
    private let registered: Set<String>
    /// The ids that declared models may have, by name.
    private let declared: [String: Set<String>]
    private var models: [LlamaStack.Model]?
    /// The ids of the models that have embedded a word.
    private var embedding: Set<String> = []

    /// Creates a listing; nothing is requested yet.
    /// - Parameter declared: The declared models, by name.
    package init(_ server: LlamaStack, declared: [String: ModelSpec] = [:]) {
        self.server = server
        let capabilities = server.capabilities
        let ours = capabilities.offers(.modelRegistration) ? declared.values.filter { $0.provider != nil } : []
        registered = Set(ours.map { $0.registeredID(capabilities.modelNaming) })
        self.declared = declared.mapValues { Set($0.ids(capabilities.modelNaming)) }
    }

    /// The ids that the model which a field names may have; nothing is requested.
    nonisolated func ids(of name: String) -> Set<String> { declared[name] ?? [name] }

    /// The model that a field names: a declared model, or one that the server offers.
    /// - Throws: `Diagnostic` with the nearest names when there is none.
    func resolve(
        _ name: Located<String>, for purpose: String, given outputs: Outputs
    ) async throws -> ResolvedModel {
        let address = Address(ModelResource.kind, name.value)
        let dimension = outputs.value("dimension", of: address)?.integer
        if let id = outputs.value("id", of: address)?.string {
            return try await resolve(id, called: Located(id, at: name.range), dimension, for: purpose)
        }
        return try await resolve(name.value, called: name, nil, for: purpose)
    }

    private func resolve(
        _ id: String, called name: Located<String>, _ dimension: Int?, for purpose: String
    ) async throws -> ResolvedModel {
        do {
            let model = try await require(oneOf: [id], called: name, for: purpose)
            return ResolvedModel(id: id, dimension: dimension ?? model?.embeddingDimension, type: model?.type)
        } catch let unchecked as Unchecked {
            return ResolvedModel(id: id, dimension: dimension, warning: unchecked.warning)
        }
    }

    /// The first of several ids that the server offers.
    /// - Returns: nil when the model will exist only after its registration.
    /// - Throws: `Diagnostic` with the nearest names when it offers none; `Unchecked` when it cannot tell.
    func require(
        oneOf ids: [String], called name: Located<String>, for purpose: String
    ) async throws -> LlamaStack.Model? {
        let offered: [LlamaStack.Model]
        do {
            offered = try await list()
        } catch let error as WireError {
            throw Unchecked(error, whether: "it offers the model `\(name.value)`", at: name.range) ?? error
        }
        for id in ids {
            if let model = offered.first(where: { $0.id == id }) { return model }
            if registered.contains(id) { return nil }
        }
        throw Diagnostic.unknownModel(ids, name, purpose, offered.map(\.id), server.endpoint.base)
    }

    /// Checks that a model can embed: by the server's listing, or, where that lists discovered models as `llm`, by
    /// embedding a word, once.
    /// - Throws: `Diagnostic` (`lacking`) when it cannot.
    func requireEmbedding(_ model: ResolvedModel, called name: Located<String>) async throws {
        guard let type = model.type, type != "embedding", !embedding.contains(model.id) else { return }
        guard server.capabilities.listsFoundModelsAsChat else { throw Diagnostic.cannotEmbed(name, model.id, nil) }
        do {
            _ = try await server.dimension(ofVectorsOf: model.id)
            embedding.insert(model.id)
        } catch let error as WireError where error.status != nil && error.status != 429 {
            throw Diagnostic.cannotEmbed(name, model.id, error.message)
        }
    }

    /// All models of the server as they are now, for this call and all later ones.
    func relist() async throws -> [LlamaStack.Model] {
        let listed = try await server.models.list()
        models = listed
        return listed
    }

    /// All models of the server, as of the last request.
    func list() async throws -> [LlamaStack.Model] {
        if let models { return models }
        return try await relist()
    }
}

/// A model as requests name it.
struct ResolvedModel: Sendable, Hashable {
    /// The server's id.
    var id: String
    /// The dimension of its vectors; nil when it is unknown.
    var dimension: Int?
    /// `llm` or `embedding`, as the server lists it; nil when it does not.
    var type: String?
    /// The warning that the server could not say whether it offers it.
    var warning: Diagnostic?
}

extension Diagnostic {
    fileprivate static func cannotEmbed(_ name: Located<String>, _ id: String, _ reason: String?) -> Diagnostic {
        Diagnostic(
            "cannot-embed", "A model that cannot embed",
            detail: "`\(name.value)` is to embed documents, and "
                + (reason.map { "the server could not embed a word with it: \($0.prefix(200))" }
                    ?? "the server lists it as a model that answers."),
            fix: "Name an embedding model of the server.", at: name.range, cause: .lacking)
    }

    fileprivate static func unknownModel(
        _ ids: [String], _ name: Located<String>, _ purpose: String, _ offered: [String], _ base: String
    ) -> Diagnostic {
        let sorted = offered.sorted()
        let tried = ids.filter { $0 != name.value }
        return Diagnostic(
            "unknown-model", "Unknown model",
            detail: "The server at \(base) offers no model `\(name.value)` \(purpose)"
                + (tried.isEmpty ? "." : ", also not as \(tried.listed)."),
            fix: ids.lazy.compactMap { Suggestion.nearest(to: $0, among: sorted) }.first.map { "Did you mean `\($0)`?" }
                ?? (sorted.isEmpty
                    ? "Configure a model on the server." : "Use one that it offers: \(sorted.prefix(12).listed)."),
            at: name.range, cause: .lacking)
    }
}
