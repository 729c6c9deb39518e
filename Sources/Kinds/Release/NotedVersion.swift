import FoundationEssentials
package import Runtime
package import Wire

/// What drover noted in MLflow of a version of an agent, for whoever has no spec of it.
package struct NotedVersion: Sendable, Hashable {
    /// The stack whose version it is; nil where nothing says so.
    package let stack: String?
    /// The logical digest of the agent when a release of that stack last took the version up, whatever became of it then;
    /// nil where none did, or without knowing it: where somebody else had put the alias there.
    package let digest: String?
}

extension MLflowServer {
    /// What is noted of a version: two listings.
    /// - Parameter uri: `models:/NAME/3`.
    package func noted(_ uri: ModelVersionURI) async throws -> NotedVersion {
        async let models = registeredModels(where: MLflowFilter.name(uri.name))
        let versions = try await modelVersions(where: MLflowFilter.name(uri.name)).filter { $0.name == uri.name }
        let version = versions.compactMap { AgentVersion($0, aliases: []) }.first { $0.uri == uri.description }
        let tags = try await models.first { $0.name == uri.name }?.tags ?? [:]
        guard let version, let stack = version.mark?.stack else { return NotedVersion(stack: nil, digest: nil) }
        return NotedVersion(stack: stack, digest: ReleaseState.digest(of: version.number, in: tags, of: stack))
    }
}

extension ReleaseState {
    /// The logical digest with which a release of a stack last took up a version.
    /// - Parameter tags: Those of the registered model.
    fileprivate static func digest(of version: Int, in tags: [String: String], of stack: String) -> String? {
        let states = tags.filter { $0.key.hasPrefix(tagPrefix) }.values.compactMap { ReleaseState($0) }
        let entries = states.filter { $0.stack == stack }.flatMap { state in
            state.promoted + state.rejected + [state.awaiting].compactMap(\.self)
        }
        // In the same second, the digest decides, so that two looks at it say the same.
        return entries.filter { $0.version == version && !$0.digest.isEmpty }
            .max { ($0.at, $0.digest) < ($1.at, $1.digest) }?.digest
    }
}
