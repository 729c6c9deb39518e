import Engine
import Language
import Runtime
import Wire

/// The runs and logged models that drover created for agents. Those of a version belong to it; the others are leftovers
/// of a request that was delivered twice, or of an interrupted apply.
struct LoggedParts: Sendable {
    var runs: [MLflowRun]
    var models: [MLflowLoggedModel]

    static let none = LoggedParts(runs: [], models: [])

    var isEmpty: Bool { runs.isEmpty && models.isEmpty }

    /// The parts of one agent.
    func of(_ address: Address, _ stack: StackName) -> LoggedParts {
        let mark = Mark(stack: stack, address: address)
        return LoggedParts(
            runs: runs.filter { Mark($0.tags) == mark && $0.tags[AgentVersion.registeredModelTag] != nil },
            models: models.filter { Mark($0.tags) == mark && $0.tags[AgentVersion.registeredModelTag] != nil })
    }

    /// The addresses of the agents that have any.
    func addresses(_ stack: StackName) -> Set<Address> {
        let marks = (runs.map(\.tags) + models.map(\.tags)).filter { $0[AgentVersion.registeredModelTag] != nil }
            .compactMap(Mark.init)
        return Set(marks.filter { $0.stack == stack.name && $0.address.kind == AgentResource.kind }.map(\.address))
    }

    /// The parts that belong to none of some versions, neither directly nor through its logged model.
    func loose(beside versions: [MLflowModelVersion]) -> LoggedParts {
        loose(models: versions.map(\.modelID), runs: versions.map(\.runID))
    }

    func loose(beside versions: [AgentVersion]) -> LoggedParts {
        loose(models: versions.map(\.modelID), runs: versions.map(\.runID))
    }

    private func loose(models heldModels: [String?], runs heldRuns: [String]) -> LoggedParts {
        let ids = Set(heldModels.compactMap(\.self))
        let held = models.filter { ids.contains($0.id) }
        let heldRuns = Set(heldRuns + held.map(\.runID))
        return LoggedParts(
            runs: runs.filter { !heldRuns.contains($0.id) }, models: models.filter { !ids.contains($0.id) })
    }

    /// The incomplete parts, of which no version can be created as they are. A complete part is what is left of a
    /// version that was deleted.
    var broken: LoggedParts {
        let runs = runs.filter { $0.status != .finished }
        let ids = Set(runs.map(\.id))
        let broken = models.filter { $0.status != .ready || ids.contains($0.runID) }
        // The run of a second logged model may be complete, and then there is a complete one besides it.
        return LoggedParts(runs: runs, models: broken)
    }

    /// For readers: `1 run and 2 logged models`.
    var told: String {
        let counts = [(runs.count, "run"), (models.count, "logged model")].filter { $0.0 > 0 }
        return counts.map { "\($0) \($1)" + ($0 == 1 ? "" : "s") }.joined(separator: " and ")
    }
}

extension MLflowServer {
    /// The parts that were logged for agents in some experiments, by a tag.
    func loggedParts(
        taggedWith tag: (key: String, value: String), inExperiments ids: [String]
    ) async throws -> LoggedParts {
        guard !ids.isEmpty else { return .none }
        let filter = MLflowFilter.tag(tag.key, tag.value)
        async let runs = runs(inExperiments: ids, where: filter)
        async let models = loggedModels(inExperiments: ids, where: filter)
        return LoggedParts(
            runs: try await runs.filter { $0.tags[tag.key] == tag.value },
            models: try await models.filter { $0.tags[tag.key] == tag.value })
    }

    /// Deletes the parts that belong to no version at all, whoever created it.
    func removeLoose(_ parts: LoggedParts) async throws {
        guard !parts.isEmpty else { return }
        let loose = parts.loose(beside: try await modelVersions())
        for model in loose.models { try await deleteLoggedModel(model.id) }
        for run in loose.runs { try await deleteRun(run.id) }
    }

    /// Deletes a version, after what was logged for it.
    func remove(_ version: AgentVersion) async throws {
        if let model = version.modelID { try await deleteLoggedModel(model) }
        if !version.runID.isEmpty { try await deleteRun(version.runID) }
        try await deleteModelVersion(version.registeredModel, version: String(version.number))
    }

    /// Removes the mark from a version, after what was logged for it; what it needs to run stays.
    func forget(_ version: AgentVersion, of stack: StackName) async throws {
        for key in Mark.keys {
            if let model = version.modelID { try await deleteLoggedModelTag(model, key) }
            if !version.runID.isEmpty { try await forgetRun(version.runID, key) }
        }
        let number = String(version.number)
        try await Mark.takeOff(of: stack) {
            try await setModelVersionTag(version.registeredModel, version: number, $0, to: $1)
        } remove: {
            try await deleteModelVersionTag(version.registeredModel, version: number, $0)
        }
    }

    /// Marks what was logged for a version as ours; what was deleted of it stays as it is.
    func mark(partsOf version: AgentVersion, as mark: Mark) async throws {
        do {
            if let model = version.modelID { try await setLoggedModelTags(model, mark.tags) }
        } catch let error as WireError where error.isMissing {}
        guard !version.runID.isEmpty else { return }
        do {
            for (key, value) in mark.tags.sorted(by: { $0.key < $1.key }) {
                try await setRunTag(version.runID, key, to: value)
            }
        } catch let error as WireError where error.isMissing || error.status == 400 {}
    }

    /// A deleted run cannot be changed.
    private func forgetRun(_ id: String, _ key: String) async throws {
        do {
            try await deleteRunTag(id, key)
        } catch let error as WireError where error.status == 400 {}
    }
}
