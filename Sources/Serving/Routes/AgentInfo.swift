import Language
import Runtime

/// `GET /agent/info`: what is served. The first fields are those of MLflow's AgentServer.
///
///     {"agent_api": "responses", "name": "support", "use_case": "agent", "drover_version": "0.1.0",
///      "agents": [{"name": "support", "digest": "9f86…", "model_version": "models:/helpdesk-support/3",
///       "evidence": {"suite": "golden", "verdict": "passed", "run": "1d2c…", "at": "2026-06-01T12:00:00Z", …}}]}
enum AgentInfoRoute {
    /// - Throws: `ServedError` while nothing is served yet.
    static func reply(_ agents: [PublishedAgent], version: String) throws -> Reply {
        guard let first = agents.first else { throw ServedError.starting }
        return .json([
            "agent_api": "responses", "name": .string(first.name), "use_case": "agent",
            "drover_version": .string(version), "agents": .array(try agents.map(told)),
        ])
    }

    private static func told(_ evidence: Evidence) -> Value {
        var fields: [String: Value] = [
            "suite": .string(evidence.suite), "run": .string(evidence.run), "at": .string(evidence.at),
            "key": .string(evidence.key),
        ]
        fields["verdict"] = evidence.verdict.map(Value.string)
        fields["logical_digest"] = evidence.logical.map(Value.string)
        return .object(fields)
    }

    private static func told(_ agent: PublishedAgent) throws -> Value {
        var fields: [String: Value] = [
            "name": .string(agent.name),
            "digest": .string(sha256Hex(try agent.definition.canonicalJSON.utf8)),
        ]
        fields["description"] = agent.definition.description.map(Value.string)
        fields["model_version"] = agent.version.map(Value.string)
        fields["evidence"] = agent.evidence.map(told)
        return .object(fields)
    }
}
