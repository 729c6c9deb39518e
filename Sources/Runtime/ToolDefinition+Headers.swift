import Language

extension ToolDefinition.MCP {
    /// What is sent to the MCP server with every call, besides its token.
    struct Headers: Sendable {
        var values: [String: String]
        /// Nil without a token, or where it is optional and its variable is not set.
        var token: Secret?
        /// The values that are secret.
        var secrets: [Secret]
    }

    /// The headers with the values of the environment variables that the definition names.
    ///
    /// - Parameter secrets: by the name of the variable.
    /// - Throws: `Diagnostic` when one that is needed is not set.
    func headers(
        _ secrets: [String: Secret], for tool: String, of agent: AgentDefinition
    ) throws(Diagnostic) -> Headers {
        var headers = Headers(values: self.headers ?? [:], secrets: [])
        for (name, variable) in secretHeaders ?? [:] {
            guard let value = try secret(in: variable, secrets, for: tool, of: agent) else { continue }
            headers.values[name] = value.revealed
            headers.secrets.append(value)
        }
        guard let tokenEnvironment else { return headers }
        headers.token = try secret(in: tokenEnvironment, secrets, for: tool, of: agent)
        headers.secrets += [headers.token].compactMap(\.self)
        return headers
    }

    private func secret(
        in variable: String, _ secrets: [String: Secret], for tool: String, of agent: AgentDefinition
    ) throws(Diagnostic) -> Secret? {
        if let secret = secrets[variable] { return secret }
        guard optionalEnvironment?.contains(variable) == true else {
            throw .missingSecret(variable, for: tool, of: agent)
        }
        return nil
    }

    /// The names of the variables that hold its secrets.
    package var secretEnvironment: [String] {
        ([tokenEnvironment].compactMap(\.self) + (secretHeaders ?? [:]).values).sorted()
    }
}

extension Diagnostic {
    /// A secret that is needed and not set.
    fileprivate static func missingSecret(_ variable: String, for tool: String, of agent: AgentDefinition) -> Diagnostic
    {
        Diagnostic(
            "missing-secret", "A secret is missing",
            detail: "The tool `\(tool)` of the agent `\(agent.name)` takes a token or a header from the environment "
                + "variable `\(variable)`, which is not set.",
            fix: "Set `\(variable)`, or say `optional: true` where the tool can do without.",
            address: agent.address
        )
    }
}
