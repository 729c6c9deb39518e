import Language

extension AgentDefinition {
    /// Equal definitions, equal text.
    package var canonicalJSON: String {
        get throws { try Value(encoding: self).canonicalJSON }
    }

    /// The name of the server agent that is made from this definition: `<stack>/<agent>@<digest12>`, where the digest
    /// is the beginning of the SHA-256 of the canonical JSON. Versions of one agent live side by side under such names.
    package var serverName: String {
        get throws { "\(stack ?? "drover")/\(name)@\(sha256Hex(try canonicalJSON.utf8).prefix(12))" }
    }

    /// The agent that a server agent's name names; nil when the name is not one of a stack's.
    package static func agentName(inServerName name: String, ofStack stack: String) -> String? {
        guard name.hasPrefix("\(stack)/"), let at = name.lastIndex(of: "@") else { return nil }
        let digest = name[name.index(after: at)...]
        guard digest.count == 12, digest.allSatisfy(\.isHexDigit) else { return nil }
        let agent = name[..<at].dropFirst(stack.count + 1)
        return agent.isEmpty || agent.contains("/") ? nil : String(agent)
    }
}
