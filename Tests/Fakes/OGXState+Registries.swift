import Language
import Wire

/// A thing that is registered under its id: a model, a shield, a tool group.
struct Registration {
    var id: String
    /// As a listing before 0.4 shows it.
    var value: [String: Value]
}

/// What is registered and never changed: 0.2 answers a changed registration as if it had been done, later versions refuse
/// it.
extension OGXState {
    static func configuredModels(_ version: FakeStackVersion) -> [Registration] {
        [("embed", "embedding"), ("llm", "llm")].map { name, type in
            let metadata: Value = type == "embedding" ? ["embedding_dimension": 384] : [:]
            return Registration(
                id: type == "llm" ? version.models.llm : version.models.embedding,
                value: [
                    "provider_resource_id": .string("scripted-\(name)"), "provider_id": "scripted", "type": "model",
                    "model_type": .string(type), "metadata": metadata,
                ])
        }
    }

    mutating func modelRoutes(_ exchange: FakeExchange, _ rest: [String]) -> FakeReply {
        switch (exchange.method, rest.isEmpty) {
        case (.get, true):
            let listed = models.map { version.listsAsOpenAI ? asOpenAI($0) : shown($0) }
            return .json(version.isOGX ? ["object": "list", "data": .array(listed)] : ["data": .array(listed)])
        case (.post, true) where version.registersModels: return registerModel(exchange.json)
        case (.delete, false) where version.registersModels:
            return unregister(rest.joined(separator: "/"), from: \.models, as: "Model")
        case _: return .detail(405, "Method Not Allowed")
        }
    }

    private func asOpenAI(_ model: Registration) -> Value {
        var custom = model.value["metadata"]?.object ?? [:]
        for key in ["model_type", "provider_id", "provider_resource_id"] { custom[key] = model.value[key] }
        return [
            "id": .string(model.id), "object": "model", "created": 1_795_394_864,
            "owned_by": version.isOGX ? "ogx" : "llama_stack", "custom_metadata": .object(custom),
        ]
    }

    private func shown(_ registration: Registration) -> Value {
        .object(registration.value.merging(["identifier": .string(registration.id)]) { $1 })
    }

    /// A registration as it is answered: until 0.7 with whose it is, which a listing keeps back.
    private func registered(_ registration: Registration) -> Value {
        guard !version.tellsErrorsInMessage else { return shown(registration) }
        let more: Value = ["owner": .null, "source": "via_register_api"]
        return .object((shown(registration).object ?? [:]).merging(more.object ?? [:]) { $1 })
    }

    private mutating func registerModel(_ body: [String: Value]) -> FakeReply {
        guard let id = body["model_id"]?.string else {
            return .invalid("'body', 'model_id'", "Field required", type: "missing")
        }
        let provider = body["provider_id"]?.string ?? "scripted"
        let providerModel = body["provider_model_id"]?.string ?? id
        guard provider == "scripted" else { return .error(400, "Provider `\(provider)` not found") }
        guard providerModel.hasPrefix("scripted-") else {
            return .error(400, "Model \(providerModel) is not available from provider \(provider)")
        }
        return register(
            Registration(
                id: version.namesModelsAsGiven ? id : "\(provider)/\(providerModel)",
                value: [
                    "provider_resource_id": .string(providerModel), "provider_id": .string(provider), "type": "model",
                    "model_type": body["model_type"] ?? "llm", "metadata": body["metadata"] ?? [:],
                ]), in: \.models, as: "model")
    }

    mutating func shieldRoutes(_ exchange: FakeExchange, _ rest: [String]) -> FakeReply {
        guard version.hasShields else { return .detail(404, "Not Found") }
        switch (exchange.method, rest.first) {
        case (.get, nil): return .json(["data": .array(shields.map(shown))])
        case (.delete, let id?): return unregister(id, from: \.shields, as: "Shield")
        case (.post, nil):
            let body = exchange.json
            guard let id = body["shield_id"]?.string else {
                return .invalid("'body', 'shield_id'", "Field required", type: "missing")
            }
            let provider = body["provider_id"]?.string ?? "llama-guard"
            guard provider == "llama-guard" else { return .error(400, "Provider `\(provider)` not found") }
            return register(
                Registration(
                    id: id,
                    value: [
                        "provider_resource_id": body["provider_shield_id"] ?? .string(id),
                        "provider_id": .string(provider), "type": "shield", "params": body["params"] ?? [:],
                    ]), in: \.shields, as: "shield")
        case _: return .detail(405, "Method Not Allowed")
        }
    }

    mutating func toolGroupRoutes(_ exchange: FakeExchange, _ rest: [String]) -> FakeReply {
        guard version.hasToolGroups else { return .detail(404, "Not Found") }
        switch (exchange.method, rest.first) {
        case (.get, nil): return .json(["data": .array(toolGroups.map(shown))])
        case (.delete, let id?): return unregister(id, from: \.toolGroups, as: "Tool Group")
        case (.post, nil):
            let body = exchange.json
            guard let id = body["toolgroup_id"]?.string else {
                return .invalid("'body', 'toolgroup_id'", "Field required", type: "missing")
            }
            guard let provider = body["provider_id"] else {
                return .invalid("'body', 'provider_id'", "Field required", type: "missing")
            }
            let reply = register(
                Registration(
                    id: id,
                    value: [
                        "provider_resource_id": .string(id), "provider_id": provider, "type": "tool_group",
                        "mcp_endpoint": body["mcp_endpoint"] ?? .null, "args": body["args"] ?? .null,
                    ]), in: \.toolGroups, as: "tool_group")
            return reply.status == 200 && version.refusesConflicts ? .json(.null) : reply
        case _: return .detail(405, "Method Not Allowed")
        }
    }

    /// The tools of a group; none when its MCP server cannot be reached.
    func tools(_ exchange: FakeExchange) -> FakeReply {
        let group = toolGroups.first { $0.id == exchange.query["toolgroup_id"] }
        let url = group?.value["mcp_endpoint"]?["uri"]?.string ?? ""
        let key = version.namesModelsAsGiven ? "identifier" : "name"
        let tools = (servers[url] ?? []).map { tool -> Value in
            [key: .string(tool.name), "toolgroup_id": .string(group?.id ?? "")]
        }
        return .json(["data": .array(tools)])
    }

    private mutating func register(
        _ new: Registration, in registry: WritableKeyPath<OGXState, [Registration]>, as noun: String
    ) -> FakeReply {
        guard let there = self[keyPath: registry].first(where: { $0.id == new.id }) else {
            self[keyPath: registry].append(new)
            return .json(registered(new))
        }
        guard version.refusesConflicts, there.value != new.value else { return .json(registered(new)) }
        return .error(
            400,
            "Object of type '\(noun)' and identifier '\(new.id)' already exists. Unregister it first if you want to "
                + "replace it.")
    }

    private mutating func unregister(
        _ id: String, from registry: WritableKeyPath<OGXState, [Registration]>, as noun: String
    ) -> FakeReply {
        guard let index = self[keyPath: registry].firstIndex(where: { $0.id == id }) else {
            return .error(404, "\(noun) '\(id)' not found.")
        }
        self[keyPath: registry].remove(at: index)
        return FakeReply(status: 204, chunks: [])
    }

    static let providers: Value = [
        "data": [
            ["api": "inference", "provider_id": "scripted", "provider_type": "remote::openai"],
            ["api": "vector_io", "provider_id": "faiss", "provider_type": "inline::faiss"],
            ["api": "safety", "provider_id": "guard", "provider_type": "inline::guard"],
            ["api": "safety", "provider_id": "llama-guard", "provider_type": "inline::llama-guard"],
            // Takes no shield.
            ["api": "safety", "provider_id": "nowhere", "provider_type": "inline::llama-guard"],
            [
                "api": "tool_runtime", "provider_id": "model-context-protocol",
                "provider_type": "remote::model-context-protocol",
            ],
        ]
    ]
}
