import Language
import Wire

/// The server's own agents (0.2 and 0.3) and their sessions: nothing about one is unique but its id, and none can be
/// changed.
extension OGXState {
    mutating func agentRoutes(_ exchange: FakeExchange, _ rest: [String]) -> FakeReply {
        switch (exchange.method, rest.first) {
        case (.get, nil):
            return .json(["data": .array(agents.map { .object($0.value) }), "has_more": false, "url": ""])
        case (.post, nil):
            guard let config = exchange.json["agent_config"] else {
                return .invalid("'body', 'agent_config'", "Field required", type: "missing")
            }
            guard config["model"]?.string != nil else {
                return .invalid("'body', 'agent_config', 'model'", "Field required", type: "missing")
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
            if rest.last == "turn", exchange.json["stream"] != true {
                return .detail(501, "Not implemented: Non-streaming agent turns not yet implemented")
            }
            guard let index = agents.firstIndex(where: { $0.id == id }) else {
                return .error(400, "Could not find agent info for \(id)")
            }
            if rest.count > 1 { return sessionRoutes(exchange, agent: id, Array(rest.dropFirst())) }
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

    /// The sessions of an agent, whose names are not unique either. Turns are not taken.
    private mutating func sessionRoutes(_ exchange: FakeExchange, agent: String, _ rest: [String]) -> FakeReply {
        switch (exchange.method, rest.first, rest.count) {
        case (.get, "sessions", 1):
            let own = sessions.filter { $0.agent == agent }.map(\.value)
            return .json(["data": .array(own), "has_more": false, "url": .string("/agents/\(agent)/sessions")])
        case (.post, "session", 1):
            guard let name = exchange.json["session_name"] else {
                return .invalid("'body', 'session_name'", "Field required", type: "missing")
            }
            let (number, time) = next()
            let id = Self.identifier(number)
            let value: Value = [
                "session_id": .string(id), "session_name": name, "turns": [],
                "started_at": .string("2026-11-23T\(time.interpolated)Z"),
            ]
            sessions.append((agent, id, value))
            return .json(["session_id": .string(id)])
        case (_, "session", 2):
            guard let index = sessions.firstIndex(where: { $0.agent == agent && $0.id == rest[1] }) else {
                return .error(400, "Session '\(rest[1])' not found or access denied.")
            }
            switch exchange.method {
            case .get: return .json(sessions[index].value)
            case .delete:
                sessions.remove(at: index)
                return FakeReply(status: 204, chunks: [])
            case .post, .put, .patch: return .detail(405, "Method Not Allowed")
            }
        case _: return .detail(404, "Not Found")
        }
    }
}
