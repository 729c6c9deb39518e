package import Language

/// The generation table: what some servers can do and others cannot, and which versions can.
extension Capabilities {
    /// Something that a spec may need of a server.
    package enum Feature: Sendable, Hashable, CaseIterable {
        case serverAgents, responses, guardrails, vectorStores, shields, toolGroups, connectors, modelRegistration

        /// Its name, as the object of a sentence.
        package var noun: String {
            switch self {
            case .serverAgents: "agents of the server's own"
            case .responses: "the Responses API"
            case .guardrails: "shields in the Responses API"
            case .vectorStores: "vector stores"
            case .shields: "shields"
            case .toolGroups: "tool groups"
            case .connectors: "connectors to MCP servers"
            case .modelRegistration: "a way to register models"
            }
        }

        /// Which versions have it: `Llama Stack 0.2 and 0.3`.
        package var versions: String { span.text }

        private var span: VersionSpan {
            switch self {
            case .serverAgents: VersionSpan("0.2", to: "0.3")
            case .responses, .vectorStores: VersionSpan("0.2.20")
            case .guardrails: VersionSpan("0.3", to: "0.7")
            case .shields: VersionSpan("0.2", to: "0.7")
            case .toolGroups, .modelRegistration: VersionSpan("0.2", to: "0.6")
            case .connectors: VersionSpan("0.5")
            }
        }
    }

    /// Whether the server offers a feature, according to its own description of its routes.
    package func offers(_ feature: Feature) -> Bool {
        switch feature {
        case .serverAgents: hasAgents
        case .responses: hasResponses
        case .guardrails: responsesTake("guardrails") && hasShields
        case .vectorStores: hasVectorStores
        case .shields: hasShields
        case .toolGroups: hasToolGroups
        case .connectors: connectorsPath != nil
        case .modelRegistration: registersModels
        }
    }

    /// The error (`lacking`) for a spec that needs what the server does not have; it names the versions that do.
    ///
    ///     `shields.guard` needs shields, and OGX 1.5.0 has none. Llama Stack 0.2 to 0.7 have them.
    package func lacking(
        _ feature: Feature, for what: String, fix: String? = nil, at range: SourceRange? = nil, address: String? = nil
    ) -> Diagnostic {
        Diagnostic(
            "not-offered", "The server cannot do what the spec needs",
            detail: "\(what) needs \(feature.noun), which \(product) \(version) does not offer. "
                + "What offers it: \(feature.versions).",
            fix: fix ?? "Use such a server, or take it out of the spec.", at: range, address: address, cause: .lacking)
    }

    /// Whether the server has any of the typical routes of a Llama Stack server.
    var isPlausible: Bool {
        hasResponses || hasAgents || hasVectorStores || hasFiles || registersModels || hasShields || hasToolGroups
            || routes.have("GET", "/v1/models") || routes.have("POST", "\(openAIPrefix)/chat/completions")
    }
}

/// How the kinds' objects differ between generations.
extension Capabilities {
    /// How a server forms the id of a registered model.
    package enum ModelNaming: Sendable, Hashable {
        /// 0.2: the requested id.
        case asGiven
        /// 0.3 to 0.7: `provider/providerModel`; the requested id is ignored.
        case byProviderModel
        /// OGX: `provider/id`, from the server's configuration.
        case byProviderAndID
    }

    package var modelNaming: ModelNaming {
        switch generation {
        case .v02: .asGiven
        case .v03, .v04, .v07: .byProviderModel
        case .ogx: .byProviderAndID
        }
    }

    /// Whether creating a vector store requires the dimension of its vectors (0.2).
    package var wantsEmbeddingDimension: Bool {
        generation == .v02
    }

    /// Whether a vector store shows its embedding model (0.4 and later).
    package var showsEmbeddingModel: Bool {
        generation >= .v04
    }

    /// Whether a failed creation may leave a vector store without metadata behind (0.2).
    package var mayLeaveStoresBehind: Bool {
        generation == .v02
    }

    /// Whether a passage replaces an equal one that is in the store already, of whichever file, and is removed with
    /// either of the two files (OGX): it is identified by the text around it alone.
    package var mergesEqualPassages: Bool {
        generation == .ogx
    }

    /// Whether all models that the server discovered are listed as `llm`, whatever they are (OGX).
    package var listsFoundModelsAsChat: Bool {
        generation == .ogx
    }

    /// Whether a search applies its filter first (OGX). Others take the nearest passages of all, five times as many as
    /// requested, and filter those.
    package var filtersBeforeSearching: Bool {
        generation == .ogx
    }

    /// The maximum number of passages of one search; 0.2 has no limit.
    package var mostSearchResults: Int {
        generation == .v02 ? 2_000 : 50
    }

    /// Whether several files may be attached to one vector store at the same time. OGX 1.5 waits a second for each, and
    /// counts them under a lock; Llama Stack does neither, so that with two concurrent files it may lose one from its
    /// list.
    package var attachesTogether: Bool {
        generation == .ogx && number >= Version(1, 5)
    }
}
