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

    /// Their definitions, as of now, or as soon as the objects of some addresses are deleted.
    func definitions(after removed: Set<Address> = []) async throws -> [AgentDefinition] {
        guard let mlflow else { return [] }
        // As of now, not as of the beginning of the run: an alias may have moved since.
        let models = try await mlflow.registeredModels()
        let kept = RetainedVersions(models, of: stack, counts: retained, without: removed)
        let listed = try await mlflow.agentVersions(ofStack: stack.name) + formerVersions(on: mlflow, models)
        let aliased = listed.filter { version in
            !version.aliases.allSatisfy { kept.frees($0, of: version.registeredModel) }
                || kept.holds(version.number, of: version.registeredModel)
        }
        return try await aliased.concurrentMap(limit: 8) { try await mlflow.definition(of: $0) }
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
    func models(after removed: Set<Address>) async throws -> Set<String> {
        Set(try await definitions(after: removed).flatMap(\.models))
    }

    /// The ids of the shields that look at their questions and answers.
    func shields(after removed: Set<Address>) async throws -> Set<String> {
        Set(try await definitions(after: removed).flatMap(\.shields))
    }

    /// The ids of the tool groups that they call.
    func toolGroups(after removed: Set<Address>) async throws -> Set<String> {
        Set(try await definitions(after: removed).flatMap(\.toolGroups))
    }

    /// The ids of the vector stores that they search.
    func vectorStores(after removed: Set<Address>) async throws -> Set<String> {
        Set(try await definitions(after: removed).flatMap(\.vectorStores))
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
            [tool.mcp?.toolGroup, tool.toolGroup?.id].compactMap(\.self) + (tool.agent?.toolGroups ?? [])
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
