import Language

/// `GET /v1/models` and `/v1/models/NAME`: what is served, as OpenAI's API tells models: what clients of it may name as
/// `model`.
///
///     {"object": "list", "data": [{"id": "support", "object": "model", "created": 1780315200, "owned_by": "drover"}]}
enum ModelsRoute {
    /// - Throws: `ServedError` while nothing is served yet: clients may keep what they are told first.
    static func reply(_ agents: [PublishedAgent]) throws(ServedError) -> Reply {
        guard !agents.isEmpty else { throw .starting }
        return .json(["object": "list", "data": .array(agents.map(told))])
    }

    static func one(_ agent: PublishedAgent) -> Reply {
        .json(told(agent))
    }

    private static func told(_ agent: PublishedAgent) -> Value {
        [
            "id": .string(agent.name), "object": "model", "created": .integer(agent.created),
            "owned_by": "drover",
        ]
    }
}
