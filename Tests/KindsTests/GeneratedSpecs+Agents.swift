import Fakes
import Language

/// Tools, agents and releases.
extension GeneratedSpecs {
    mutating func tool(_ spec: [String: Value], _ number: Int) -> Value {
        var tools = [function(), mcp(number)]
        // A server's own group is known to the Responses API where it is this one, and has stores.
        if let store = name(in: "vectorStores", of: spec) {
            let search = some(
                of: [
                    "maxResults": .integer(1 + draw(5)), "minScore": 0.25,
                    "filters": ["type": "eq", "key": "lang", "value": "en"],
                ], besides: ["vectorStores": [.string(store)]])
            let stores: Value = [.string("${vectorStores.\(store).id}")]
            tools += [
                ["fileSearch": search],
                ["toolGroup": ["id": "builtin::rag/knowledge_search", "args": ["vector_db_ids": stores]]],
            ]
        }
        tools.append(["builtin": "webSearch"])
        let effects: [Value] = ["reads", "changes"]
        return some(of: ["effect": effects[draw(2)]], besides: tools[draw(tools.count)].object ?? [:])
    }

    private mutating func function() -> Value {
        let calls: [[String: Value]] = [
            [:], ["exec": some(of: ["timeout": "5s"], besides: ["command": ["true"]])],
            [
                "http": some(
                    of: [
                        "method": "PUT", "timeout": "5s",
                        "headers": ["X-Tenant": .string("acme"), "X-Key": ["env": "DESK_KEY"]],
                    ], besides: ["url": "http://desk.test/weather"])
            ],
        ]
        return [
            "function": some(
                of: [:],
                besides: [
                    "description": .string(text()),
                    "parameters": [
                        "type": "object", "properties": ["x-city": ["type": "string", "maxLength": 40]],
                        "required": ["x-city"],
                    ],
                ], calls[draw(calls.count)])
        ]
    }

    /// The name of the group that an agent of the server needs stays the same: an alias may still call one that another took
    /// the place of. Such an agent asks for no approvals.
    private mutating func mcp(_ number: Int) -> Value {
        let approvals: [Value] = version.agentPaths.isEmpty ? ["never", "always"] : ["never"]
        let fields = some(
            of: [
                "allow": ["ticket_search"], "requireApproval": approvals[draw(approvals.count)],
                "headers": ["X-Tenant": "acme", "X-Key": ["env": "DESK_KEY", "optional": true]],
                "token": ["env": "DESK_TOKEN", "optional": true],
            ], besides: ["url": .string("http://desk-\(draw(2)).test/mcp")])
        return number == 1 ? ["mcp": fields, "name": "mcp::desk"] : ["mcp": fields]
    }

    mutating func agent(_ spec: [String: Value], _ number: Int) -> Value {
        let tools = names(in: "tools", of: spec).map(Value.string)
        var fields: [String: Value] = [
            "tools": .array(tools), "sampling": sampling(), "maxSteps": .integer(3 + draw(9)),
            "metadata": ["tier": .string(text())], "log": log(spec, number), "runtime": runtime(tools),
            "inputShields": .array(names(in: "shields", of: spec).map(Value.string)),
            "outputShields": .array(names(in: "shields", of: spec).map(Value.string)),
            "existing": ["id": ""],
        ]
        // The agents of 0.3 take none, and may be what runs it.
        if version != .llamaStack035 {
            fields["responseFormat"] = ["jsonSchema": ["type": "object", "properties": ["days": ["type": "integer"]]]]
        }
        var agent =
            some(
                of: fields, besides: ["model": model(spec), "instructions": instructions(spec)]
            ).object ?? [:]
        let choices: [Value] = ["auto", "required", "none"] + (agent["tools"]?.array ?? [])
        if draw(2) == 0 { agent["toolChoice"] = choices[draw(choices.count)] }
        return .object(agent)
    }

    private mutating func model(_ spec: [String: Value]) -> Value {
        var models: [Value] = [.string(version.models.llm)]
        for (name, model) in (spec["models"]?.object ?? [:]).sorted(by: { $0.key < $1.key })
        where model["type"] != "embedding" { models.append(.string(name)) }
        return models[draw(models.count)]
    }

    private mutating func instructions(_ spec: [String: Value]) -> Value {
        var instructions: [Value] = [.string(text()), "Line one.\r\nLine two.\n", ["file": "given.md"]]
        let named = spec["prompts"]?.object?.filter { $0.value["template"]?.string?.contains("{{name}}") == true }
        if let prompt = named?.keys.min() {
            instructions.append(["prompt": .string(prompt), "with": ["name": .string(text())]])
        }
        return instructions[draw(instructions.count)]
    }

    private mutating func sampling() -> Value {
        some(of: ["temperature": 0.5, "topP": 0.9, "maxTokens": 64, "stop": ["END"], "seed": .integer(draw(9))])
    }

    private mutating func log(_ spec: [String: Value], _ number: Int) -> Value {
        var places: [String: Value] = ["tags": tags()]
        places["experiment"] = name(in: "experiments", of: spec).map { .string($0) }
        if number == 1 { places["registeredModel"] = name(in: "registeredModels", of: spec).map { .string($0) } }
        let place = some(of: places)
        return draw(4) == 0 ? false : place
    }

    /// A way to run that the server has: chat completions know no tools of the server.
    private mutating func runtime(_ tools: [Value]) -> Value {
        var ways: [Value] = ["auto"]
        if !version.agentPaths.isEmpty { ways.append("agents") }
        if version.agentPaths.isEmpty { ways.append("responses") }
        if version.agentPaths.isEmpty, tools.isEmpty { ways.append("chat") }
        return ways[draw(ways.count)]
    }

    /// Of the released agent; the alias is its own.
    mutating func release(_ number: Int) -> Value {
        let approvals: [Value] = ["automatic", "manual"]
        return some(
            of: [
                "approve": approvals[draw(2)], "retain": .integer(draw(3)), "maxEvidenceAge": "3d",
                "onFail": draw(2) == 0 ? "warn" : "stop",
            ], besides: ["agent": .string(Self.released), "alias": .string("live-\(number)")])
    }

    /// Lets one agent ask another one as a tool.
    mutating func askAnAgent(_ spec: inout [String: Value]) {
        guard var agents = spec["agents"]?.object, var asking = agents["agen-1"]?.object, draw(2) == 0 else { return }
        var tools = spec["tools"]?.object ?? [:]
        tools["tool-agent"] = ["agent": .string(Self.released)]
        asking["tools"] = .array((asking["tools"]?.array ?? []) + ["tool-agent"])
        agents["agen-1"] = .object(asking)
        spec["tools"] = .object(tools)
        spec["agents"] = .object(agents)
    }
}
