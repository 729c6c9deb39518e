import ArgumentParser
import FoundationEssentials

/// The agents that suites ask.
enum TestTarget: Sendable {
    /// The last applied version of each agent.
    case lastApplied
    /// The same, of which no alias may point at it.
    case candidate
    /// The agents of the current spec.
    case declared
    /// The agent served there, for every suite.
    case served(ServedPlace)

    /// The address of the agent that is asked instead of the stack's own; nil for these.
    var address: String? {
        switch self {
        case .lastApplied, .candidate, .declared: nil
        case .served(let place): place.shown
        }
    }

    /// Whether the agents are known to be the last applied versions.
    var isLastApplied: Bool {
        switch self {
        case .lastApplied, .candidate: true
        case .declared, .served: false
        }
    }
}

/// The options that select the agents to ask.
struct TargetOptions: ParsableArguments {
    enum Target: String, ExpressibleByArgument, CaseIterable {
        case agent, candidate, served
    }

    @Option(
        help:
            "Whom the suites ask: the stack's own agents, versions that no alias points at yet, or an agent that is served at --url."
    )
    var target = Target.agent

    @Option(help: "Where the agent is served: any server with MLflow's /invocations.")
    var url: String?

    @Flag(help: "Run what the file says now, not the last applied version.")
    var fromSpec = false

    func validate() throws {
        if (target == .served) != (url != nil) {
            throw ValidationError("`--target served` and `--url URL` go together.")
        }
        if target == .served, fromSpec { throw ValidationError("A served agent is asked as it is, not --from-spec.") }
        if target == .candidate, fromSpec {
            throw ValidationError("A candidate is a version, not what --from-spec says.")
        }
        if let url { _ = try ServedPlace(url, environment: [:]) }
    }

    func testTarget() throws -> TestTarget {
        if target == .candidate { return .candidate }
        guard let url else { return fromSpec ? .declared : .lastApplied }
        return .served(try ServedPlace(url, environment: ProcessInfo.processInfo.environment))
    }
}
