package import Engine
package import Language
package import Runtime

extension Kinds {
    /// The tokens and secret headers that a workflow's tools name, by the name of their variable.
    /// - Throws: `Diagnostic` when one that is needed is not set.
    package static func tokens(in workflow: Workflow, environment: [String: String]) throws -> [String: Secret] {
        var tokens: [String: Secret] = [:]
        for (_, spec) in workflow.specs(of: ToolSpec.self) {
            for source in spec.secrets {
                guard case .environment(let name, let isOptional) = source.value else { continue }
                if let secret = environment[name].map({ Secret(stored: $0) }), !secret.isEmpty {
                    guard secret.fitsHeader else {
                        throw Diagnostic.unfitSecret(from: "the environment variable `\(name)`", at: source.range)
                    }
                    tokens[name] = secret
                } else if !isOptional {
                    throw Diagnostic(
                        "missing-secret", "Missing secret", detail: "The environment variable `\(name)` is not set.",
                        fix: "Set `\(name)`, or say `optional: true` if the tool can do without.", at: source.range)
                }
            }
        }
        return tokens
    }
}

extension Kinds {
    /// The tokens and secret headers that a definition names, as far as their variables are set, by the names of these.
    /// - Throws: `Diagnostic` when no header can hold one.
    package static func tokens(
        in definition: AgentDefinition, environment: [String: String]
    ) throws(Diagnostic) -> [String: Secret] {
        var tokens: [String: Secret] = [:]
        for tool in definition.tools {
            for name in tool.mcp?.secretEnvironment ?? [] {
                guard let value = environment[name] else { continue }
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

extension ToolSpec {
    /// Where its secrets are: the token and headers of an MCP server, the headers of a function.
    package var secrets: [Located<SecretSource>] {
        [mcp?.token].compactMap(\.self) + (mcp?.headers.secrets ?? []) + (function?.http?.headers.secrets ?? [])
    }
}
