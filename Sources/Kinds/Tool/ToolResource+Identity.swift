package import Engine
import Language
import Runtime

extension ToolResource {
    /// What the model sees of it and what its calls do. Vector stores and agents that it uses count by themselves.
    package func identity(of desired: Desired) -> AppliedFields {
        var fields = desired.behaviour
        let definition = desired.definition
        if let search = definition.fileSearch {
            fields["maxResults"] = search.maxResults.map { .integer($0) }
            fields["minScore"] = search.minScore.map { .number($0) }
            fields["filters"] = search.filters
            fields["type"] = "fileSearch"
        }
        if let mcp = definition.mcp { fields.merge(Self.identity(of: mcp)) { own, _ in own } }
        if let function = definition.function {
            fields["description"] = .string(function.description)
            fields["parameters"] = function.parameters
        }
        fields["toolGroup"] = definition.toolGroup.map { .string($0.id) }
        fields["builtin"] = definition.builtin.map { .string($0) }
        fields["agent"] = definition.agent.map { .string("\($0.name): \($0.description ?? "")") }
        return fields
    }

    private static func identity(of mcp: ToolDefinition.MCP) -> AppliedFields {
        var fields: AppliedFields = [:]
        fields["url"] = mcp.url.map { .string($0) }
        fields["connector"] = mcp.connector.map { .string($0) }
        fields["allow"] = mcp.allow.map { .array($0.map { .string($0) }) }
        fields["requireApproval"] = mcp.requireApproval.map { .string($0) }
        fields["headers"] = mcp.headers.map { .object($0.mapValues { .string($0) }) }
        return fields
    }
}

extension FunctionSpec {
    /// What its calls do here: the request, or the program with the content of its scripts.
    func behaviour(in folder: SpecFolder) -> AppliedFields {
        var fields: AppliedFields = [:]
        if let http {
            fields["http"] = .string("\(http.method) \(http.url?.value ?? "") \(http.timeout.nanoseconds)")
        }
        guard let program else { return fields }
        fields["command"] = .array(program.command.value.map { .string($0) })
        fields["timeout"] = .integer(program.timeout.nanoseconds)
        for script in program.scripts {
            // A program that is not there is told elsewhere.
            fields["script.\(script.value)"] = (try? folder.bytes(of: script)).map { .string(sha256Hex($0)) }
        }
        return fields
    }
}
