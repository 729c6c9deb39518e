import Language
import Wire

/// The server's own agents (0.2 and 0.3): nothing about one is unique but its id, and none can be changed.
extension OGXState {
    mutating func agentRoutes(_ exchange: FakeExchange, _ rest: [String]) -> FakeReply {
        switch (exchange.method, rest.first) {
        case (.get, nil):
            return .json(["data": .array(agents.map { .object($0.value) }), "has_more": false, "url": ""])
        case (.post, nil):
            guard let config = exchange.json["agent_config"] else {
                return .invalid("'body', 'agent_config'", "Field required", type: "missing")
            }
            let (number, time) = next()
            let id = Self.identifier(number)
            let value: [String: Value] = [
                "agent_id": .string(id), "agent_config": config,
                "created_at": .string("2026-11-23T\(time.interpolated)Z"),
            ]
            agents.append(Registration(id: id, value: value))
            return .json(["agent_id": .string(id)])
        case (_, let id?):
            guard let index = agents.firstIndex(where: { $0.id == id }) else {
                return .error(400, "Could not find agent info for \(id)")
            }
            switch exchange.method {
            case .get: return .json(.object(agents[index].value))
            case .delete:
                agents.remove(at: index)
                return FakeReply(status: 204, chunks: [])
            case .post, .put, .patch: return .detail(405, "Method Not Allowed")
            }
        case _: return .detail(405, "Method Not Allowed")
        }
    }
}
