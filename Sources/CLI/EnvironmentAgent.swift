import Language
import Runtime
import Wire

/// The agent that the environment alone describes: an agent of the server (`LLAMASTACK_AGENT_ID`), or a model
/// (`LLAMASTACK_MODEL`) without tools and instructions. With `MLFLOW_EXPERIMENT` (or `MLFLOW_EXPERIMENT_NAME`) its requests
/// are traced in that experiment of the MLflow that an option, `MLFLOW_TRACKING_URI` or the lab names.
struct EnvironmentAgent: Sendable {
    /// The name of the experiment for its traces; nil for none.
    private(set) var experiment: String?
    private let id: String?
    private let model: String

    /// nil when neither variable is set. As an id of an agent `None` is none, since Python programs set it to that.
    init?(_ environment: [String: String]) {
        let set = environment.filter { !$0.value.isEmpty }
        let id = set["LLAMASTACK_AGENT_ID"].flatMap { $0 == "None" ? nil : $0 }
        guard let model = set["LLAMASTACK_MODEL"] ?? id else { return nil }
        (self.id, self.model) = (id, model)
        experiment = set["MLFLOW_EXPERIMENT"] ?? set["MLFLOW_EXPERIMENT_NAME"]
    }

    /// Lets its requests be traced only where they are to be, and somebody says where MLflow is.
    /// - Parameters:
    ///   - isWanted: Whether requests are to be traced.
    ///   - isNamed: Whether an option or the environment names an MLflow.
    ///   - hasLab: Whether there is a lab, which has one.
    /// - Returns: Why nothing is traced, where somebody may think that it is; nil for nothing to say.
    mutating func trace(isWanted: Bool, isNamed: Bool, hasLab: Bool) -> Diagnostic? {
        guard isWanted else {
            experiment = nil
            return nil
        }
        guard let experiment else { return isNamed ? .untraced(.noExperiment) : nil }
        guard !isNamed, !hasLab else { return nil }
        self.experiment = nil
        return .untraced(.noServer(experiment))
    }

    func definition(on server: Capabilities) -> AgentDefinition {
        var definition = AgentDefinition(name: "agent", model: model, instructions: "")
        definition.agentID = id
        definition.runtime = RuntimeChoice.runtime(of: definition, on: server)
        return definition
    }

    /// What is to be said of it before it is asked; nil for nothing.
    /// - Throws: `Diagnostic` (`lacking`) where the server has no such agent, or can have none.
    func problem(on server: LlamaStack) async throws -> Diagnostic? {
        if let id {
            guard let agents = server.agents else { throw Diagnostic.noAgents(id, server.capabilities) }
            // Where they cannot be listed, requests tell.
            guard let known = try? await agents.list().map(\.id), !known.contains(id) else { return nil }
            throw Diagnostic.unknownAgent(id, server.capabilities)
        }
        // Only a warning hangs on it: where the models cannot be listed, requests tell.
        guard let offered = try? await server.models.list().map(\.id) else { return nil }
        return offered.contains(model) ? nil : .unlisted(model, server.capabilities, among: offered)
    }

    /// The experiment for its traces, which is made if there is none yet; nil where none is named. Where MLflow does not tell
    /// it soon, the traces wait for it.
    /// - Parameter mlflow: nil where it did not answer.
    func place(in mlflow: MLflowServer?, within time: Duration = .seconds(3)) async throws -> MLflowPlace? {
        guard let experiment else { return nil }
        let awaited = MLflowPlace(awaiting: AwaitedExperiment(experiment))
        guard let mlflow else { return awaited }
        do {
            let found = try await Interruption.limiting(to: time) { try await place(experiment, in: mlflow) }
            return found ?? awaited
        } catch let error as WireError where error.isOfAbsence {
            return awaited
        }
    }

    private func place(_ experiment: String, in mlflow: MLflowServer) async throws -> MLflowPlace {
        let found = try await mlflow.experiments(where: MLflowFilter.name(experiment)).first { $0.name == experiment }
        guard let found else { return MLflowPlace(experimentID: try await mlflow.sharedExperiment(experiment)) }
        guard !found.isDeleted else { throw Diagnostic.deletedExperiment(experiment) }
        return MLflowPlace(experimentID: found.id)
    }
}

extension Diagnostic {
    /// What is missing for traces.
    fileprivate enum Untraced {
        case noExperiment
        case noServer(_ experiment: String)
    }

    fileprivate static func untraced(_ lack: Untraced) -> Diagnostic {
        let (reason, fix) =
            switch lack {
            case .noExperiment:
                (
                    "An MLflow is named, but no experiment for the traces of requests.",
                    "Name one in `MLFLOW_EXPERIMENT`, which is made if there is none, or say `--no-trace`."
                )
            case .noServer(let experiment):
                (
                    "`MLFLOW_EXPERIMENT` is `\(experiment)`, and nothing says where MLflow is.",
                    "Set `MLFLOW_TRACKING_URI`, or say `--mlflow-url`."
                )
            }
        return Diagnostic(
            "not-traced", "Requests are not traced", detail: reason, fix: fix, severity: .warning)
    }

    fileprivate static func noAgents(_ id: String, _ server: Capabilities) -> Diagnostic {
        Diagnostic(
            "no-agents", "A server without agents",
            detail: "`LLAMASTACK_AGENT_ID` is `\(id)`, and \(server.product) \(server.version) has no agents of its "
                + "own.",
            fix: "Name a model in `LLAMASTACK_MODEL` instead.", cause: .lacking)
    }

    fileprivate static func unknownAgent(_ id: String, _ server: Capabilities) -> Diagnostic {
        Diagnostic(
            "unknown-agent-id", "An agent that the server does not have",
            detail: "`LLAMASTACK_AGENT_ID` is `\(id)`, and \(server.product) \(server.version) has no agent with "
                + "that id.",
            fix: "Write the id of one that it has, or leave it empty and name a model in `LLAMASTACK_MODEL`.",
            cause: .lacking)
    }

    fileprivate static func unlisted(_ model: String, _ server: Capabilities, among offered: [String]) -> Diagnostic {
        let nearest = Suggestion.nearest(to: model, among: offered)
        let some = offered.sorted().prefix(5).map { "`\($0)`" }.joined(separator: ", ")
        return Diagnostic(
            "unlisted-model", "A model that the server does not list",
            detail: "`LLAMASTACK_MODEL` is `\(model)`, which \(server.product) \(server.version) does not list: "
                + "requests will fail unless it takes models that it does not list.",
            fix: nearest.map { "Did you mean `\($0)`?" }
                ?? (offered.isEmpty ? "Give the server a model." : "Name one that it lists, such as \(some)."),
            severity: .warning)
    }

    fileprivate static func deletedExperiment(_ name: String) -> Diagnostic {
        Diagnostic(
            "deleted-experiment", "The experiment is deleted",
            detail: "MLflow has deleted the experiment `\(name)`, so no traces can be written into it.",
            fix: "Restore it in MLflow, or name another one in `MLFLOW_EXPERIMENT`.", cause: .unavailable)
    }
}
