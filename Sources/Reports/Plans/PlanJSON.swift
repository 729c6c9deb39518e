package import Engine
package import Language
package import Wire

/// A plan for machines.
///
///     {"version": 1, "stack": "quickstart", "changed": true, "requests": 11,
///      "servers": [{"name": "OGX", "version": "1.5.0", "url": "http://…", "origin": "the lab"}],
///      "changes": [{"address": "agents.support", "action": "update", "object": "models:/support/1",
///                   "fields": [{"path": "maxSteps", "old": 10, "new": 12, "cause": "spec"}]}],
///      "summary": {"create": 0, "update": 1, …},
///      "freed": [{"address": "vectorStores.handbook", "object": "vector store vs_0a (handbook)"}],
///      "endangered": [{"name": "golden", "cases": 7, "standing": 0, "tokens": 5230,
///                      "endangered": [{"name": "refund-window", "tokens": 820}, …]}]}
package enum PlanJSON {
    package static func value(
        _ plan: Plan, servers: [ConnectedServer], endangered: [EndangeredSuite], requests: Int?
    ) throws -> Value {
        let changes = plan.changes.filter(\.isShown)
        let counts = Action.allCases.map { ($0.rawValue, Value.integer(plan.count($0))) }
        var object: [String: Value] = [
            "version": 1, "stack": .string(plan.stack.name), "changed": .bool(!plan.isEmpty),
            "servers": try Value(encoding: servers),
            "changes": .array(changes.map(value)), "summary": .object(Dictionary(uniqueKeysWithValues: counts)),
            "endangered": try Value(encoding: endangered), "limits": try Value(encoding: plan.limits),
        ]
        if !plan.freed.isEmpty { object["freed"] = try Value(encoding: plan.freed) }
        object["requests"] = requests.map { .integer($0) }
        return .object(object)
    }

    private static func value(_ change: Change) -> Value {
        var object: [String: Value] = [
            "address": .string(change.address.description), "action": .string(change.action.rawValue),
            "fields": .array(change.fields.map(value)),
        ]
        object["object"] = change.label.map { .string($0) }
        object["note"] = change.note.map { .string($0) }
        if change.isNewFirst { object["newFirst"] = true }
        if change.isWithheld { object["withheld"] = true }
        return .object(object)
    }

    private static func value(_ field: FieldChange) -> Value {
        var object: [String: Value] = ["path": .string(field.path)]
        object["old"] = field.old
        object["new"] = field.new
        object["note"] = field.note.map { .string($0) }
        object["cause"] = field.cause.map { .string($0.rawValue) }
        if field.isKnownAfterApply { object["knownAfterApply"] = true }
        if field.forcesReplacement { object["forcesReplacement"] = true }
        return .object(object)
    }
}
