import Language

extension AgentDefinition {
    /// Equal definitions have equal text.
    package var canonicalJSON: String {
        get throws { try Value(encoding: self).canonicalJSON }
    }

    /// The name of the server agent created from this definition: `<stack>/<agent>@<digest12>`, where the digest is the
    /// start of the SHA-256 of the canonical JSON. Versions of one agent exist side by side under such names.
    package var serverName: String {
        get throws { "\(stack ?? "drover")/\(name)@\(sha256Hex(try canonicalJSON.utf8).prefix(12))" }
    }

    /// The agent in a server agent's name; nil when the name is not in this form.
    package static func agentName(inServerName name: String, ofStack stack: String) -> String? {
        guard name.hasPrefix("\(stack)/"), let at = name.lastIndex(of: "@") else { return nil }
        let digest = name[name.index(after: at)...]
        guard digest.count == 12, digest.allSatisfy(\.isHexDigit) else { return nil }
        let agent = name[..<at].dropFirst(stack.count + 1)
        return agent.isEmpty || agent.contains("/") ? nil : String(agent)
    }
}
