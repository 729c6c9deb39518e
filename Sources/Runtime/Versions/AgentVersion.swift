import Language
package import Wire

/// A version of a registered model that holds a logged agent: what a plan, a suite and an alias need to know of it.
package struct AgentVersion: Sendable, Hashable {
    package static let digestTag = "drover.digest"
    package static let definitionTag = "drover.definition"
    package static let commitTag = "drover.commit"
    /// The id of the experiment that it was logged in.
    package static let experimentTag = "drover.experiment"
    /// Its place among all versions of its agent, where these are in several registered models.
    package static let orderTag = "drover.order"
    /// The file of the model folder that holds the definition.
    package static let definitionFile = "definition.json"

    package var registeredModel: String
    /// 1 for the first.
    package var number: Int
    /// Of definition and code; nil for a version that was not made by Drover.
    package var digest: String?
    /// nil when it was not made by Drover, or is too long for a tag; then `MLflowServer.definition(of:)` reads it.
    package var definition: AgentDefinition?
    /// All tags, ours too.
    package var tags: [String: String]
    /// Sorted.
    package var aliases: [String]
    package var status: MLflowModelVersion.Status
    /// The logged model behind it; nil when it was registered from something else.
    package var modelID: String?
    /// Empty when it has none.
    package var runID: String
    package var description: String
    /// When it was made, in milliseconds since 1970, by the server's clock, which may have gone back.
    package var created: Int

    /// `models:/NAME/3`, as MLflow's clients take it.
    package var uri: String {
        "models:/\(registeredModel)/\(number)"
    }

    /// Its place among all versions of its agent, from 1; nil where all that were there when it was made are of its registered
    /// model, whose numbers decide.
    package var order: Int? {
        tags[Self.orderTag].flatMap { Int($0) }
    }

    /// Where traces of it go; nil when it does not say in which experiment it was logged.
    package var place: MLflowPlace? {
        tags[Self.experimentTag].map { MLflowPlace(experimentID: $0, modelID: modelID, modelURI: uri) }
    }

    /// Reads a version as a listing holds it; aliases come with the registered model. nil when its number cannot be
    /// read.
    package init?(_ version: MLflowModelVersion, aliases: [String]) {
        guard let number = Int(version.version) else { return nil }
        registeredModel = version.name
        self.number = number
        digest = version.tags[Self.digestTag]
        definition = version.tags[Self.definitionTag].flatMap { text in
            // Somebody else may have written such a tag: then it is no definition.
            try? Value(json: Array(text.utf8)).decoded(as: AgentDefinition.self)
        }
        tags = version.tags
        self.aliases = aliases
        status = version.status
        modelID = version.modelID
        runID = version.runID
        description = version.description
        created = version.created
    }
}

extension MLflowServer {
    /// All versions of a registered model, newest first, with the aliases that point at them: two listings.
    package func agentVersions(of registeredModel: String) async throws -> [AgentVersion] {
        async let models = registeredModels(where: MLflowFilter.name(registeredModel))
        async let versions = modelVersions(where: MLflowFilter.name(registeredModel))
        let named = try await models.filter { $0.name == registeredModel }
        return AgentVersion.join(try await versions.filter { $0.name == registeredModel }, with: named)
    }

    /// What a logged agent is: from the version's tag, or from the file in its model folder.
    ///
    /// - Throws: `WireError`; `Diagnostic` when it was not logged by Drover.
    package func definition(of version: AgentVersion) async throws -> AgentDefinition {
        if let definition = version.definition { return definition }
        guard version.digest != nil, let modelID = version.modelID else {
            throw Diagnostic.notLoggedByDrover(version.uri)
        }
        let folder = try MLflowArtifactFolder(uri: try await loggedModel(modelID).artifactURI)
        let bytes = try await artifact(named: AgentVersion.definitionFile, in: folder)
        guard let definition = try? Value(json: bytes).decoded(as: AgentDefinition.self) else {
            throw Diagnostic.notLoggedByDrover(version.uri)
        }
        return definition
    }
}

extension AgentVersion {
    /// What listings of versions and of registered models say together, newest first within each model.
    package static func join(
        _ versions: [MLflowModelVersion], with models: [MLflowRegisteredModel]
    ) -> [AgentVersion] {
        let aliases = Dictionary(models.map { ($0.name, $0.aliases) }) { first, _ in first }
        return versions.compactMap { version in
            let pointing = aliases[version.name, default: [:]].filter { $0.value == version.version }
            return AgentVersion(version, aliases: pointing.keys.sorted())
        }.sorted { ($0.registeredModel, $1.number) < ($1.registeredModel, $0.number) }
    }
}

extension Diagnostic {
    fileprivate static func notLoggedByDrover(_ uri: String) -> Diagnostic {
        Diagnostic(
            "not-an-agent-version", "The model version is not an agent that Drover logged",
            detail: "`\(uri)` has no definition of an agent.",
            fix: "Name a version that `drover apply` made, such as the newest one of the agent's registered model.",
            cause: .unavailable
        )
    }
}
