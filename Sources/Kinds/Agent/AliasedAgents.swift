import Engine
import Language
import Runtime
import Wire

/// The agents that may be in use elsewhere: the versions of a stack that an alias points at, or that a release may go
/// back to.
struct AliasedAgents: Sendable {
    private let mlflow: MLflowServer?
    private let stack: StackName
    private let retained: [String: Int]

    /// - Parameter retained: How many old versions each declared release keeps.
    init(_ mlflow: MLflowServer?, stack: StackName, retained: [String: Int]) {
        self.mlflow = mlflow
        self.stack = stack
        self.retained = retained
    }

    init(_ context: DriverContext) {
        self.init(context.servers.mlflow, stack: context.servers.stack, retained: context.workflow.retainedCounts)
    }

    /// What they use, as of now, or as it would be once something was done.
    private func used(
        after beforehand: Beforehand, _ ids: (AgentDefinition) throws -> [String]
    ) async throws -> UsedIDs {
        var used = UsedIDs()
        for (version, definition) in try await definitions(after: beforehand) {
            for id in try ids(definition) { used.add(id, by: version) }
        }
        return used
    }

    /// Their definitions, each with the URI of its version.
    private func definitions(
        after beforehand: Beforehand
    ) async throws -> [(version: String, definition: AgentDefinition)] {
        guard let mlflow else { return [] }
        // As of now, not as of the beginning of the run: an alias may have moved since.
        let models = try await mlflow.registeredModels()
        let kept = RetainedVersions(models, of: stack, counts: retained, after: beforehand)
        let aliases = AliasesAfter(beforehand.promotions)
        let listed = try await mlflow.agentVersions(ofStack: stack.name) + formerVersions(on: mlflow, models)
        let aliased = listed.filter { version in
            aliases.point(at: version, beside: kept)
                || kept.holds(version.number, of: version.registeredModel)
        }
        return try await aliased.concurrentMap(limit: 8) { ($0.uri, try await mlflow.definition(of: $0)) }
    }

    /// The versions whose agent left the spec: they bear that they were retained, and no mark.
    private func formerVersions(
        on mlflow: MLflowServer, _ models: [MLflowRegisteredModel]
    ) async throws -> [AgentVersion] {
        let listed = try await mlflow.modelVersions(where: MLflowFilter.tag(Mark.retainedKey, stack.name))
        return AgentVersion.join(listed, with: models).filter { version in
            version.tags[Mark.retainedKey] == stack.name && version.tags[Mark.stackKey] == nil
                && version.digest != nil && version.modelID != nil
        }
    }

    /// The ids of the models that they answer with.
    func models(after beforehand: Beforehand) async throws -> UsedIDs {
        try await used(after: beforehand) { $0.models }
    }

    /// The ids of the shields that look at their questions and answers.
    func shields(after beforehand: Beforehand) async throws -> UsedIDs {
        try await used(after: beforehand) { $0.shields }
    }

    /// The ids of the tool groups that they call.
    func toolGroups(after beforehand: Beforehand) async throws -> UsedIDs {
        try await used(after: beforehand) { $0.toolGroups }
    }

    /// The names of the server agents that they run as, and those that they call.
    func serverAgents(after beforehand: Beforehand) async throws -> UsedIDs {
        try await used(after: beforehand) { try $0.serverNames }
    }

    /// The ids of the vector stores that they search.
    func vectorStores(after beforehand: Beforehand) async throws -> UsedIDs {
        try await used(after: beforehand) { $0.vectorStores }
    }
}

/// Where aliases point once some releases are promoted.
private struct AliasesAfter {
    /// The version that each alias moves to, by its place; nil for one that is still to be made.
    private let moved: [String: Int?]

    init(_ promotions: [Promotion]) {
        let moving = promotions.filter { !$0.isProposal }
        moved = Dictionary(moving.map { ($0.place, $0.version) }) { first, _ in first }
    }

    /// - Parameter kept: What releases do with the others; an alias that is adopted is one that they go back to.
    func point(at version: AgentVersion, beside kept: RetainedVersions) -> Bool {
        let model = version.registeredModel
        let stays = version.aliases.contains { alias in
            let place = "\(model)@\(alias)"
            let isMoved = moved[place] != nil && kept.isMoved(place)
            return !isMoved && !kept.frees(alias, of: model)
        }
        return stays || moved.contains { $0.value == version.number && $0.key.isAlias(of: model) }
    }
}

extension String {
    /// Whether it is the place of an alias of a registered model, whose name may have any characters.
    func isAlias(of model: String) -> Bool {
        hasPrefix("\(model)@") && !dropFirst(model.count + 1).contains("@")
    }
}

extension AgentDefinition {
    /// The ids of the models that it asks, including those of the agents that it calls.
    fileprivate var models: [String] {
        [model] + tools.flatMap { $0.agent?.models ?? [] }
    }

    /// The ids of its shields, including those of the agents that it calls.
    fileprivate var shields: [String] {
        (inputShields ?? []) + (outputShields ?? []) + tools.flatMap { $0.agent?.shields ?? [] }
    }

    /// The ids of the tool groups of its tools, including those of the agents that it calls.
    fileprivate var toolGroups: [String] {
        tools.flatMap { tool in
            [tool.mcp?.toolGroup].compactMap(\.self) + (tool.toolGroup.map { ToolGroupSpec.groups(named: $0.id) } ?? [])
                + (tool.agent?.toolGroups ?? [])
        }
    }

    /// The names of the server agents that it runs as, and that the agents that it calls run as.
    var serverNames: [String] {
        get throws {
            let called = try tools.flatMap { try $0.agent?.serverNames ?? [] }
            return stack == nil || agentID != nil ? called : [try serverName] + called
        }
    }

    /// The ids of the vector stores that its tools search, including those of the agents that it calls.
    var vectorStores: [String] {
        tools.flatMap { tool in
            (tool.fileSearch?.vectorStores ?? []) + (tool.toolGroup?.args?.texts ?? [])
                + (tool.agent?.vectorStores ?? [])
        }
    }
}

extension Value {
    /// Every text in it.
    fileprivate var texts: [String] {
        switch self {
        case .string(let text): [text]
        case .array(let values): values.flatMap(\.texts)
        case .object(let object): object.values.flatMap(\.texts)
        case .null, .bool, .integer, .bigInteger, .number: []
        }
    }
}

extension Array {
    /// The same, of which what was replaced is held as long as versions with an alias use it and its declaration exists;
    /// what was forgotten is not.
    func holding<Live: Sendable>(
        _ inUse: InUse, whereWanted isWanted: (Address) -> Bool, id: (Live) -> String
    ) async throws -> [Discovered<Live>] where Element == Discovered<Live> {
        guard contains(where: { $0.isStale && isWanted($0.address) }) else { return self }
        let used = try await inUse(Beforehand())
        return map {
            $0.isStale && $0.ownership != .retained && isWanted($0.address) && used.contains(id($0.live)) ? $0.held : $0
        }
    }
}
