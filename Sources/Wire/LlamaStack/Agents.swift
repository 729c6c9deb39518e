package import Language

extension LlamaStack {
    /// The server's own agents; nil where there are none (0.4 and later).
    package var agents: Agents? {
        capabilities.agentsPath.map { Agents(endpoint: endpoint, path: $0) }
    }

    /// `/v1/agents` of 0.2.x, `/v1alpha/agents` of 0.3.x. Agents cannot be changed, and only their ids are unique.
    package struct Agents: Sendable {
        let endpoint: Endpoint
        let path: String

        /// All agents with their whole configuration, in the order of their ids.
        package func list() async throws -> [ServerAgent] {
            var agents: [ServerAgent] = []
            var seen: Set<String> = []
            while true {
                let page: Listing = try await endpoint.decode(
                    Call(
                        "list the agents", .get, path, query: [("start_index", String(agents.count)), ("limit", "100")])
                )
                let new = page.data.filter { seen.insert($0.id).inserted }
                agents += new
                guard page.hasMore == true, !new.isEmpty else { return agents }
            }
        }

        /// Creates an agent; the server validates nothing in the configuration. Repeated only when no agent of its name
        /// is found: otherwise there might be two.
        ///
        /// - Returns: its id.
        package func create(_ config: Value) async throws -> String {
            let call = Call("create the agent", .post, path, body: .json(["agent_config": config]))
            let created: Created = try await endpoint.create(call) {
                guard let name = config["name"]?.string else { throw InDoubt() }
                return try await list().first { $0.name == name }.map { Created(id: $0.id) }
            }
            return created.id
        }

        /// Deletes an agent, and with it access to its sessions; a missing one is no error.
        package func delete(_ id: String) async throws {
            try await endpoint.deleteIfPresent(Call("delete the agent", .delete, place(of: id)))
        }

        /// Opens a session of an agent.
        ///
        /// - Returns: its id.
        package func createSession(of agent: String, named name: String) async throws -> String {
            let call = Call(
                "open a session", .post, "\(place(of: agent))/session", body: .json(["session_name": .string(name)])
            )
            let created: CreatedSession = try await endpoint.decode(call)
            return created.id
        }

        /// Deletes a session with all its turns; a missing one is no error. It is asked once, and waited for a moment.
        package func deleteSession(_ session: Session) async throws {
            try await endpoint.deleteIfPresent(
                Call("remove the session", .delete, place(of: session), isRepeatable: false, timeout: .seconds(3)))
        }

        /// What a turn begins or continues with.
        package enum Input: Sendable {
            case question(String)
            /// The results of client tools that a turn waits for, `{"call_id", "tool_name", "content"}` each.
            case results([Value], turn: String)
        }

        /// Sends input to a session, and passes the events of the turn to `read` as they arrive. Never repeated.
        ///
        /// - Parameter timeout: until the stream begins, and then between two events.
        package func takeTurn<R: Sendable>(
            with input: Input, in session: Session, timeout: Duration,
            _ read: @Sendable (any AsyncSequence<ServerSentEvent, any Error>) async throws -> R
        ) async throws -> R {
            let call =
                switch input {
                case .question(let text):
                    turn(
                        in: session, "", ["messages": [["role": "user", "content": .string(text)]], "stream": true],
                        timeout)
                case .results(let results, let id):
                    turn(
                        in: session, "/\(segment(id))/resume",
                        ["tool_responses": .array(results), "stream": true], timeout)
                }
            return try await endpoint.events(call, read)
        }

        /// The error for a stream that broke off or contains an error.
        package func broken(_ message: String, code: String? = nil, in session: Session) -> WireError {
            endpoint.error(.stream, turn(in: session, "", [:], .zero), code: code, message: message)
        }

        private func turn(in session: Session, _ rest: String, _ body: Value, _ timeout: Duration) -> Call {
            Call(
                "ask the agent", .post, "\(place(of: session))/turn\(rest)", body: .json(body), timeout: timeout,
                headers: [("accept", "text/event-stream")]
            )
        }

        private func place(of agent: String) -> String {
            "\(path)/\(segment(agent))"
        }

        private func place(of session: Session) -> String {
            "\(place(of: session.agent))/session/\(segment(session.id))"
        }

        private func segment(_ id: String) -> String {
            PercentEncoding.segment(id)
        }

        private struct Listing: Decodable {
            let data: [ServerAgent]
            let hasMore: Bool?

            private enum CodingKeys: String, CodingKey {
                case data
                case hasMore = "has_more"
            }
        }

        private struct Created: Decodable {
            let id: String

            private enum CodingKeys: String, CodingKey {
                case id = "agent_id"
            }
        }

        private struct CreatedSession: Decodable {
            let id: String

            private enum CodingKeys: String, CodingKey {
                case id = "session_id"
            }
        }
    }

    /// A session of a server agent.
    package struct Session: Sendable, Hashable {
        package var agent: String
        package var id: String

        package init(agent: String, id: String) {
            self.agent = agent
            self.id = id
        }
    }

    /// An agent as the server lists it.
    package struct ServerAgent: Sendable, Hashable, Identifiable, Decodable {
        package let id: String
        /// The `agent_config`, including everything that the server added.
        package let config: Value
        /// As the server formats it, e.g. `2026-11-23T00:38:16.189081Z`; empty when it is missing.
        package let createdAt: String

        /// nil for an agent without one.
        package var name: String? {
            config["name"]?.string
        }

        /// The ids of its tool groups.
        package var toolGroups: [String] {
            (config["toolgroups"]?.array ?? []).compactMap { group in
                (group.string ?? group["name"]?.string)?.split(separator: "/").first.map(String.init)
            }
        }

        private enum CodingKeys: String, CodingKey {
            case id = "agent_id"
            case config = "agent_config"
            case createdAt = "created_at"
        }

        /// An agent that was just created.
        package init(id: String, config: Value) {
            self.id = id
            self.config = config
            createdAt = ""
        }

        package init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            id = try fields.decode(String.self, forKey: .id)
            config = try fields.decode(Value.self, forKey: .config)
            createdAt = try fields.decodeIfPresent(String.self, forKey: .createdAt) ?? ""
        }
    }
}
