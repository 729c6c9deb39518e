package import Engine
package import Language
package import Runtime

extension Kinds {
    /// The bearer tokens of the MCP servers that a workflow's tools name, by the name of their variable.
    /// - Throws: `Diagnostic` when one that is needed is not set.
    package static func tokens(in workflow: Workflow, environment: [String: String]) throws -> [String: Secret] {
        var tokens: [String: Secret] = [:]
        for (_, spec) in workflow.specs(of: ToolSpec.self) {
            guard let token = spec.mcp?.token, case .environment(let name, let isOptional) = token.value else {
                continue
            }
            if let secret = environment[name].map({ Secret(stored: $0) }), !secret.isEmpty {
                guard secret.fitsHeader else {
                    throw Diagnostic.unfitSecret(from: "the environment variable `\(name)`", at: token.range)
                }
                tokens[name] = secret
            } else if !isOptional {
                throw Diagnostic(
                    "missing-secret", "Missing secret", detail: "The environment variable `\(name)` is not set.",
                    fix: "Set `\(name)`, or say `optional: true` if the tool can do without.", at: token.range)
            }
        }
        return tokens
    }
}

extension Kinds {
    /// The bearer tokens that a definition names, as far as their variables are set, by the names of the variables.
    /// - Throws: `Diagnostic` when no header can hold one.
    package static func tokens(
        in definition: AgentDefinition, environment: [String: String]
    ) throws(Diagnostic) -> [String: Secret] {
        var tokens: [String: Secret] = [:]
        for tool in definition.tools {
            if let name = tool.mcp?.tokenEnvironment, let value = environment[name] {
                let secret = Secret(stored: value)
                guard secret.fitsHeader else {
                    throw .unfitSecret(from: "the environment variable `\(name)`", at: nil)
                }
                if !secret.isEmpty { tokens[name] = secret }
            }
            if let agent = tool.agent {
                tokens.merge(try self.tokens(in: agent, environment: environment)) { own, _ in own }
            }
        }
        return tokens
    }
}
