import Engine
import Language
import Runtime
import Wire

/// The agents that may be in use elsewhere: the versions of a stack that an alias points at.
struct AliasedAgents: Sendable {
    private let mlflow: MLflowServer?
    private let stack: StackName

    init(_ mlflow: MLflowServer?, stack: StackName) {
        self.mlflow = mlflow
        self.stack = stack
    }

    /// Their definitions, as of now.
    func definitions() async throws -> [AgentDefinition] {
        guard let mlflow else { return [] }
        let aliased = try await mlflow.agentVersions(ofStack: stack.name).filter { !$0.aliases.isEmpty }
        return try await aliased.concurrentMap(limit: 8) { try await mlflow.definition(of: $0) }
    }

    /// The ids of the vector stores that they search.
    func vectorStores() async throws -> Set<String> {
        Set(try await definitions().flatMap(\.vectorStores))
    }
}

extension AgentDefinition {
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
