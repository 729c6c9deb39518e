import Engine
import FoundationEssentials
import Language
package import Runtime
package import Wire

/// An agent to be logged, and where.
package struct NewAgentVersion: Sendable {
    package var definition: AgentDefinition
    package var experimentID: String
    /// The registered model, which exists already.
    package var registeredModel: String
    package var mark: Mark
    /// The tags of the version, in addition to Drover's own.
    package var tags: [String: String]
    /// Its place among all versions of its agent, where these are in several registered models; nil where they are not.
    package var order: Int?
    /// The address of Llama Stack for the logged agent, unless its environment says otherwise.
    package var llamaStackURL: String
    /// The git commit of the spec; nil outside a repository.
    package var commit: String?

    package init(
        _ definition: AgentDefinition, experimentID: String, registeredModel: String, mark: Mark,
        tags: [String: String] = [:], order: Int? = nil, llamaStackURL: String, commit: String? = nil
    ) {
        self.order = order
        self.definition = definition
        self.experimentID = experimentID
        self.registeredModel = registeredModel
        self.mark = mark
        self.tags = tags
        self.llamaStackURL = llamaStackURL
        self.commit = commit
    }
}

/// Logs agents as versions of registered models: a run, a logged model with its files, and finally the version.
///
/// The newest version is the one that was applied last, so that going back to an earlier definition creates a new one.
/// The version is created last, and everything before it can be found by its tags, so that the next write completes one
/// that was interrupted anywhere, on either side: nothing is created twice. What cannot be completed is deleted.
package struct AgentVersionWriter: Sendable {
    /// The maximum length of a version's tag in MLflow.
    private static let longestTag = 100_000

    private let server: MLflowServer
    private let now: @Sendable () -> Int

    /// - Parameters:
    ///   - server: 3.5.1 or later.
    ///   - now: milliseconds since 1970.
    package init(
        _ server: MLflowServer,
        now: @escaping @Sendable () -> Int = { Int(Date().timeIntervalSince1970 * 1000) }
    ) {
        self.server = server
        self.now = now
    }

    /// The version of the registered model with this content: the newest one, if it has it, or a new one.
    ///
    /// - Parameter current: The version that was applied last and is not the wanted one; nil when there is none.
    /// - Throws: `WireError`; `Diagnostic` when the server does not keep artifacts itself.
    package func write(_ new: NewAgentVersion, after current: AgentVersion? = nil) async throws -> AgentVersion {
        let digest = try artifactDigest(new.definition)
        async let versions = server.agentVersions(of: new.registeredModel)
        async let parts = server.loggedParts(
            taggedWith: (Mark.addressKey, new.mark.address.description), inExperiments: [new.experimentID])
        let there = try await versions
        if let newest = Self.newest(of: there, new.mark, after: current), newest.digest == digest,
            newest.tags[AgentVersion.experimentTag] == new.experimentID
        {
            return newest
        }
        let loose = try await parts.of(new.mark.address, StackName(new.mark.stack)).loose(beside: there)
        let begun = begun(loose, new, digest)
        let version = try await complete(begun, new, digest)
        try await server.removeLoose(loose.broken.without(begun))
        return version
    }

    /// The newest version of an agent that was not known before: the result of a lost response.
    private static func newest(
        of versions: [AgentVersion], _ mark: Mark, after current: AgentVersion?
    ) -> AgentVersion? {
        versions.first { version in
            guard version.mark == mark, version.status != .failed else { return false }
            guard let current, current.registeredModel == version.registeredModel else {
                return current.map { ($0.order ?? 0, $0.created) < (version.order ?? 0, version.created) } ?? true
            }
            return version.number > current.number
        }
    }
}

extension AgentVersionWriter {
    /// The leftovers of an earlier write, with which this one continues.
    struct Begun: Sendable {
        var run: MLflowRun?
        var model: MLflowLoggedModel?
    }

    private func begun(_ loose: LoggedParts, _ new: NewAgentVersion, _ digest: String) -> Begun {
        let wanted = tags(of: new, digest)
        func isWanted(_ tags: [String: String]) -> Bool {
            wanted.allSatisfy { tags[$0.key] == $0.value }
        }
        let runs = loose.runs.filter { isWanted($0.tags) }.sorted {
            ($0.startTime, $0.id) < ($1.startTime, $1.id)
        }
        let models = loose.models.filter { isWanted($0.tags) }.sorted {
            ($0.created, $0.id) < ($1.created, $1.id)
        }
        for model in models {  // One whose run was deleted is no longer of use.
            if let run = runs.first(where: { $0.id == model.runID }) { return Begun(run: run, model: model) }
        }
        return Begun(run: runs.first { $0.status != .finished })
    }

    private func complete(_ begun: Begun, _ new: NewAgentVersion, _ digest: String) async throws -> AgentVersion {
        let run = if let run = begun.run { run } else { try await createRun(new, digest) }
        do {
            let model = if let model = begun.model { model } else { try await createModel(new, digest, run) }
            if model.status != .ready { try await fill(model, with: new, run) }
            try await server.updateRun(run.id, status: .finished, endTime: now())
            return try await register(model, new, digest, run)
        } catch {
            // For people who look at the run: the next write continues it whatever its status.
            if error.isRefusal { try? await server.updateRun(run.id, status: .failed, endTime: now()) }
            throw error
        }
    }

    private func createRun(_ new: NewAgentVersion, _ digest: String) async throws -> MLflowRun {
        var tags = tags(of: new, digest)
        tags["mlflow.source.name"] = "drover"
        tags["mlflow.source.type"] = "LOCAL"
        tags["mlflow.source.git.commit"] = new.commit
        return try await server.createRun(
            inExperiment: new.experimentID, name: "log \(new.definition.name)", startTime: now(), tags: tags
        )
    }

    private func createModel(
        _ new: NewAgentVersion, _ digest: String, _ run: MLflowRun
    ) async throws -> MLflowLoggedModel {
        let name = String(new.registeredModel.map { "/:.%\"'".contains($0) ? "-" : $0 })
        return try await server.createLoggedModel(
            MLflowNewLoggedModel(
                experimentID: new.experimentID, name: name, type: "agent", runID: run.id,
                params: new.definition.params, tags: tags(of: new, digest)))
    }

    /// Writes the files and records the model as the run's output, all concurrently, then marks it as complete.
    private func fill(_ model: MLflowLoggedModel, with new: NewAgentVersion, _ run: MLflowRun) async throws {
        let target = try MLflowArtifactFolder(uri: model.artifactURI)
        let folder = try ModelFolder(
            of: new.definition, llamaStackURL: new.llamaStackURL, modelID: model.id, runID: run.id,
            created: model.created
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            for file in folder.files {
                group.addTask { try await server.putArtifact(file.bytes, named: file.name, in: target) }
            }
            if !run.outputs.contains(model.id) {
                group.addTask { try await server.addOutput(model.id, toRun: run.id) }
            }
            try await group.waitForAll()
        }
        try await server.finalizeLoggedModel(model.id)
    }

    private func register(
        _ model: MLflowLoggedModel, _ new: NewAgentVersion, _ digest: String, _ run: MLflowRun
    ) async throws -> AgentVersion {
        var tags = new.tags.merging(new.mark.tags) { _, mark in mark }
        tags[AgentVersion.digestTag] = digest
        tags[AgentVersion.experimentTag] = new.experimentID
        tags[AgentVersion.commitTag] = new.commit
        tags[AgentVersion.orderTag] = new.order.map { "\($0)" }
        tags[AgentVersion.definitionTag] = try Self.tag(with: new.definition)
        let version = try await server.createModelVersion(
            MLflowNewVersion(
                name: new.registeredModel, modelID: model.id, runID: run.id,
                description: new.definition.description ?? "", tags: tags))
        guard let version = AgentVersion(version, aliases: []) else {
            throw Diagnostic.strangeVersion(version.version, of: new.registeredModel)
        }
        return version
    }

    /// The definition as a version has it in a tag; nil when it is too long for one.
    static func tag(with definition: AgentDefinition) throws -> String? {
        let text = try definition.canonicalJSON
        return text.unicodeScalars.count <= longestTag ? text : nil
    }

    /// The tags by which a run and a logged model are found again.
    private func tags(of new: NewAgentVersion, _ digest: String) -> [String: String] {
        var tags = new.mark.tags
        tags[AgentVersion.digestTag] = digest
        tags[AgentVersion.registeredModelTag] = new.registeredModel
        return tags
    }
}

extension LoggedParts {
    /// Without the parts that a write continued with.
    fileprivate func without(_ begun: AgentVersionWriter.Begun) -> LoggedParts {
        LoggedParts(
            runs: runs.filter { $0.id != begun.run?.id }, models: models.filter { $0.id != begun.model?.id })
    }
}

extension Error {
    /// Whether nothing was done. When a response was lost, the version may exist, and then the run did not fail.
    fileprivate var isRefusal: Bool {
        guard let error = self as? WireError else { return self is Diagnostic }
        return error.status.map { $0 < 500 } ?? false
    }
}

extension AgentDefinition {
    /// The parameters that MLflow shows with a logged model.
    fileprivate var params: [String: String] {
        var params = ["agent": name, "model": model, "maxSteps": String(maxSteps)]
        if !tools.isEmpty { params["tools"] = tools.map(\.name).joined(separator: ", ") }
        params["temperature"] = sampling?.temperature.map { "\($0)" }
        params["topP"] = sampling?.topP.map { "\($0)" }
        params["maxTokens"] = sampling?.maxTokens.map { "\($0)" }
        return params
    }
}

extension Diagnostic {
    fileprivate static func strangeVersion(_ version: String, of model: String) -> Diagnostic {
        Diagnostic(
            "strange-version", "MLflow gave a version without a number",
            detail: "The new version of the registered model `\(model)` is called `\(version)`.",
            fix: "Check that the MLflow server is 3.5.1 or later.", cause: .unavailable
        )
    }
}
