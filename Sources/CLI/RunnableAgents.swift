import Engine
import Kinds
import Language
import Reports
import Runtime
import Suites
import Wire

/// The agents of a stack, ready to run.
struct RunnableAgents: Sendable {
    let lookup: AgentLookup
    let runtime: any AgentRuntime
    private let workflow: Workflow
    /// nil when they are served elsewhere.
    private let runtimes: AgentRuntimes?
    /// The server that runs them; nil when they are served elsewhere.
    private let llamaStack: LlamaStack?

    /// - Parameters:
    ///   - names: The agents that will be asked.
    ///   - isApplied: Whether to ask the last applied versions rather than the current spec.
    ///   - waits: Whether questions that the server puts off are put again for as long as it takes.
    static func find(
        _ names: Set<String>, isApplied: Bool, waits: Bool = false, in session: Session, _ stack: Stack
    ) async throws -> RunnableAgents {
        guard let llamaStack = session.servers.llamaStack else { throw Diagnostic.noAgents }
        let lookup = try await Interruption.reading { try await session.lookup(of: names, isApplied: isApplied) }
        let runtimes = AgentRuntimes(
            server: waits ? llamaStack.waitingWhenPutOff : llamaStack,
            tokens: try Kinds.tokens(in: session.workflow, environment: stack.environment),
            handlers: try Kinds.handlers(
                in: session.workflow, folder: stack.folder, environment: stack.environment,
                transport: session.servers.transport))
        return RunnableAgents(
            lookup: lookup, runtime: PlacedRuntime(runtime: runtimes, workflow: session.workflow),
            workflow: session.workflow, runtimes: runtimes, llamaStack: llamaStack)
    }

    /// The runtime that answers for all of them; functions with handlers are executed here.
    static func served(
        by agent: ServedAgent, in session: Session, _ stack: Stack
    ) async throws -> RunnableAgents {
        let runtime = RemoteRuntime(
            ServedAgent(agent.endpoint.waitingWhenPutOff),
            handlers: try Kinds.handlers(
                in: session.workflow, folder: stack.folder, environment: stack.environment,
                transport: session.servers.transport))
        return RunnableAgents(
            lookup: try await session.lookup(), runtime: PlacedRuntime(runtime: runtime, workflow: session.workflow),
            workflow: session.workflow, runtimes: nil, llamaStack: nil)
    }

    /// Refuses an agent that this process could not run: something is missing, or it has a function that the spec, as it was
    /// read at the start, does not declare.
    func require(_ definition: AgentDefinition) throws(Diagnostic) {
        if let function = Kinds.undeclaredFunction(of: definition, in: workflow) {
            throw Diagnostic(
                "undeclared-function", "A function that the spec does not declare",
                detail:
                    "The agent `\(definition.name)` has the function `\(function)`, which the spec did not declare when it "
                    + "was read.",
                fix: "Start the server again, with the spec as it is applied.", cause: .lacking)
        }
        try runtimes?.require(definition)
    }

    /// The definition of a declared agent.
    func definition(of name: String, _ target: TestTarget) async throws -> AgentDefinition {
        do {
            return try await found(name, target)
        } catch let several as Diagnostics {
            throw Diagnostics(several.all.map(FlagFixes.flagged))  // Reports of suites show it, too.
        } catch let error where error is Diagnostic || error is any Diagnosable {
            throw FlagFixes.flagged(.from(error, at: nil))
        }
    }

    private func found(_ name: String, _ target: TestTarget) async throws -> AgentDefinition {
        switch target {
        case .declared: return try await lookup.declared(name)
        case .served:
            guard let definition = Kinds.served(name, in: workflow) else { return try await lookup.declared(name) }
            return definition
        case .lastApplied, .candidate:
            if case .candidate = target { try await lookup.requireCandidate(name) }
            let definition = try await lookup.lastApplied(name)
            try await llamaStack?.require(storesOf: definition, called: name)
            return definition
        }
    }
}

extension RunnableAgents {
    /// Where the results of suites are in MLflow, by their names, without agents to run them.
    static func places(of suites: [TestSuite], in session: Session) async throws -> [String: MLflowPlace] {
        try await session.lookup().places(of: suites, isApplied: true)
    }
}

extension AgentLookup {
    /// Where the results of suites are in MLflow, by their names.
    func places(of suites: [TestSuite], isApplied: Bool) -> [String: MLflowPlace] {
        var places: [String: MLflowPlace] = [:]
        for suite in suites {
            places[suite.name] = place(of: suite.agent, experiment: suite.experiment, isApplied: isApplied)
        }
        return places
    }
}

extension Stack {
    /// Warns, once for each reason, that chat completions answered instead of the agents of a suite.
    func warnOfFallbacks(in run: Run) {
        for suite in run.suites {
            for reason in suite.fallbacks {
                warn(.fellBack("The agent of the suite `\(suite.suite)`", because: reason))
            }
        }
    }

    /// Prints a warning of a run.
    func warn(_ warning: Diagnostic) {
        Notices.write([warning], sources, environment: environment)
    }
}

extension Diagnostic {
    /// Chat completions answered instead of the runtime that was chosen.
    static func fellBack(_ who: String, because reason: String) -> Diagnostic {
        Diagnostic(
            "fallback", "Chat completions answered",
            detail: "\(who) could not be run as an agent of the server, so chat completions answered. \(reason)",
            severity: .warning)
    }

    fileprivate static var noAgents: Diagnostic {
        Diagnostic(
            "no-agents", "No agents", detail: "The spec declares no agent, so there is none to run.",
            fix: "Declare one under `agents:`.")
    }
}
