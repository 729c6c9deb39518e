import FoundationEssentials
package import Runtime
import Synchronization
package import Wire

/// An agent as it is served: what it is, how it is run, and where its traces go.
package struct PublishedAgent: Sendable {
    /// What callers name as the `model`.
    package let name: String
    package let definition: AgentDefinition
    package let runtime: any AgentRuntime
    /// nil where its requests are not traced.
    package let place: MLflowPlace?
    /// The version that is served, `models:/NAME/3`; nil when it is none.
    package let version: String?
    /// The result that lets it be served, where one is asked for.
    package var evidence: Evidence?
    /// The digest of what it needs and its definition only names, such as documents, as that was when the evidence was found to
    /// stand for it; nil where only its version is known.
    package var surroundings: String?
    /// Since when it is served, in seconds since 1970.
    let created = Int(Date().timeIntervalSince1970)

    package init(
        name: String, definition: AgentDefinition, runtime: any AgentRuntime, place: MLflowPlace? = nil,
        version: String? = nil
    ) {
        self.name = name
        self.definition = definition
        self.runtime = runtime
        self.place = place
        self.version = version
    }
}

/// What stands behind served agents.
package struct Backing: Sendable {
    /// Takes the traces of requests; nil where nothing is traced.
    let traces: MLflowTraceWriter?
    /// Whether requests become parts of their callers' traces where MLflow can do that.
    let joinsTraces: Bool
    /// Whether the server behind answers now.
    let isAnswering: @Sendable () async -> Bool

    package init(
        traces: MLflowTraceWriter? = nil, joinsTraces: Bool = false,
        isAnswering: @escaping @Sendable () async -> Bool = { true }
    ) {
        self.traces = traces
        self.joinsTraces = joinsTraces
        self.isAnswering = isAnswering
    }
}

/// The agents that are served now; none, until what stands behind them is known. A request keeps the one that it began with:
/// what takes its place answers the next.
package final class Publication: Sendable {
    private struct State {
        var agents: [PublishedAgent] = []
        var backing: Backing?
    }

    private let state = Mutex(State())

    /// Nothing yet: requests are told to come again.
    package init() {}

    /// - Parameter agents: At least one, each with a name of its own.
    package convenience init(_ agents: [PublishedAgent], backing: Backing = Backing()) {
        self.init()
        open(agents, backing: backing)
    }

    /// Lets agents answer from now on.
    /// - Parameter agents: At least one, each with a name of its own.
    package func open(_ agents: [PublishedAgent], backing: Backing) {
        precondition(!agents.isEmpty, "Something is served.")
        state.withLock { $0 = State(agents: agents, backing: backing) }
    }

    /// In the order in which they were named; empty before it is open.
    package var agents: [PublishedAgent] {
        state.withLock { $0.agents }
    }

    /// Whether agents answer.
    package var isOpen: Bool {
        backing != nil
    }

    /// nil before it is open.
    var backing: Backing? {
        state.withLock { $0.backing }
    }

    /// Lets an agent answer from now on in place of the one with that name; its own may be another.
    /// - Returns: Whether it does: not where another one that is served has its name.
    package func replace(_ name: String, with agent: PublishedAgent) -> Bool {
        state.withLock { state in
            guard let index = state.agents.firstIndex(where: { $0.name == name }) else { return false }
            guard agent.name == name || !state.agents.contains(where: { $0.name == agent.name }) else { return false }
            state.agents[index] = agent
            return true
        }
    }

    /// The agent of an endpoint, which is the one of that name and no other.
    func agent(at endpoint: String) throws(ServedError) -> PublishedAgent {
        guard isOpen else { throw .starting }
        guard let agent = agents.first(where: { $0.name == endpoint }) else {
            throw ServedError(.notFound, code: "endpoint_not_found", "No such agent is served.", at: "name")
        }
        return agent
    }

    /// The agent that a request means. Where one alone is served, it is meant whatever the request says, since clients of
    /// OpenAI's API always name some model.
    func agent(named name: String?) throws(ServedError) -> PublishedAgent {
        let agents = agents
        guard !agents.isEmpty else { throw .starting }
        if agents.count == 1 { return agents[0] }
        let names = agents.map { "`\($0.name)`" }.joined(separator: ", ")
        guard let name else {
            throw .invalid("Name the agent that is meant as `model`: \(names).", at: "model")
        }
        guard let agent = agents.first(where: { $0.name == name }) else {
            throw ServedError(
                .notFound, code: "model_not_found", "No such agent is served. Name one of \(names) as `model`.",
                at: "model")
        }
        return agent
    }
}
