package import Runtime
package import Wire

extension AgentVersion {
    /// The tag of runs and logged models with the registered model that they were created for.
    static let registeredModelTag = "drover.registeredModel"

    /// The owner; nil for none.
    package var mark: Mark? {
        Mark(tags)
    }
}

extension MLflowServer {
    /// All versions with the mark of a stack, in whatever registered models, newest first: two listings, of which that
    /// of the models may be available already.
    package func agentVersions(ofStack stack: String, in registry: Registry? = nil) async throws -> [AgentVersion] {
        async let models = registeredModels(in: registry)
        async let versions = modelVersions(where: MLflowFilter.tag(Mark.stackKey, stack))
        return AgentVersion.join(try await versions.filter { $0.tags[Mark.stackKey] == stack }, with: try await models)
    }

    private func registeredModels(in registry: Registry?) async throws -> [MLflowRegisteredModel] {
        if let registry { return try await registry.models.value() }
        return try await registeredModels()
    }
}
