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

/// Documents that are downloaded.
extension ProbeContext {
    /// Whether the store can be filled: its model embeds, and its downloads are there.
    func contents(of store: VectorStoreSpec) async throws -> Finding.Status? {
        let embedding = try await embedding(of: store)
        if case .met? = embedding, let problem = try await unreachableDocuments(of: store) { return .limited(problem) }
        return embedding
    }

    /// The first download that the address in the spec does not give now, as a warning; only the heads are asked for.
    private func unreachableDocuments(of store: VectorStoreSpec) async throws -> Diagnostic? {
        let addresses = store.documents.compactMap { document -> Located<String>? in
            if case .fields(let fields) = document { fields.url } else { nil }
        }
        let problems = try await addresses.concurrentMap(limit: 4) { url -> Diagnostic? in
            do {
                let request = HTTPRequest(.get, url.value, timeout: .seconds(5))
                let status = try await servers.transport.streamFollowing(request) { head, _ in head.status }
                return status == 200 ? nil : .unreachableDocument(url, "status \(status)")
            } catch let failure as TransportFailure {
                return .unreachableDocument(url, failure.message)
            }
        }.compactMap(\.self)
        guard var first = problems.first else { return nil }
        if problems.count > 1 { first.detail += " The same goes for \(problems.count - 1) more." }
        return first
    }
}

extension Diagnostic {
    fileprivate static func unreachableDocument(_ url: Located<String>, _ reason: String) -> Diagnostic {
        Diagnostic(
            "document-unreachable", "A document that is not there now",
            detail: "`\(url.value)` gives no document: \(reason). An apply that needs it would fail now.",
            fix: "Check the address.", at: url.range, severity: .warning)
    }

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
