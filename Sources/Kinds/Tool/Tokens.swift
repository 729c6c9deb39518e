package import Engine
package import Language
package import Runtime

extension Kinds {
    /// The tokens and secret headers that a workflow's tools name, by the names of their variables.
    /// - Throws: `Diagnostic` when a required one is not set, or no header can contain one.
    package static func tokens(in workflow: Workflow, environment: [String: String]) throws -> [String: Secret] {
        try Dictionary(secrets(in: workflow).compactMap { try token($0, environment) }) { $1 }
    }

    /// The tokens and secret headers that are set and can be sent; the others are left out.
    package static func usableTokens(in workflow: Workflow, environment: [String: String]) -> [String: Secret] {
        // A problem with one is reported by what needs it, and does not concern the others.
        Dictionary(secrets(in: workflow).compactMap { try? token($0, environment) }) { $1 }
    }

    /// The tokens and secret headers that are needed, and not set or not sendable: a finding for each.
    package static func unusableTokens(in workflow: Workflow, environment: [String: String]) -> [Finding] {
        workflow.specs(of: ToolSpec.self).flatMap { declaration, spec in
            spec.secrets.compactMap { source in
                do throws(Diagnostic) {
                    _ = try token(source, environment)
                    return nil
                } catch {
                    return Finding(declaration.address, .unmet(error.locating(declaration)))
                }
            }
        }
    }

    /// The sources of the secrets that a workflow's declarations name.
    package static func secrets(in workflow: Workflow) -> [Located<SecretSource>] {
        workflow.specs(of: ToolSpec.self).flatMap { $0.1.secrets }
    }

    /// - Returns: nil for a secret that is not in a variable, and for an optional one that is not set.
    private static func token(
        _ source: Located<SecretSource>, _ environment: [String: String]
    ) throws(Diagnostic) -> (name: String, value: Secret)? {
        guard case .environment(let name, let isOptional) = source.value else { return nil }
        guard let secret = environment[name].map({ Secret(stored: $0) }), !secret.isEmpty else {
            if isOptional { return nil }
            throw Diagnostic(
                "missing-secret", "Missing secret", detail: "The environment variable `\(name)` is not set.",
                fix: "Set `\(name)`, or say `optional: true` if the tool can do without.", at: source.range)
        }
        guard secret.fitsHeader else {
            throw .unfitSecret(from: "the environment variable `\(name)`", at: source.range)
        }
        return (name, secret)
    }
}

extension Kinds {
    /// The tokens and secret headers that a definition names, as far as their variables are set, by the names of the
    /// variables.
    /// - Throws: `Diagnostic` when no header can contain one.
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

extension Kinds {
    /// The name of a function of an agent, or of one that it asks, that a workflow does not declare; nil when there is
    /// none.
    package static func undeclaredFunction(of definition: AgentDefinition, in workflow: Workflow) -> String? {
        let declared = Set(workflow.specs(of: ToolSpec.self).map(\.0.address.name))
        for tool in definition.tools {
            if tool.function != nil, !declared.contains(tool.name) { return tool.name }
            if let asked = tool.agent, let name = undeclaredFunction(of: asked, in: workflow) { return name }
        }
        return nil
    }
}

extension ToolSpec {
    /// The sources of its secrets: the token and headers of an MCP server, the headers of a function.
    package var secrets: [Located<SecretSource>] {
        [mcp?.token].compactMap(\.self) + (mcp?.headers.secrets ?? []) + (function?.http?.headers.secrets ?? [])
    }
}
