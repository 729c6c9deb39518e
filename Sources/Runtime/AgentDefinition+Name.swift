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
}
