extension AgentDefinition {
    /// The metadata key for the prompt version that the instructions come from: `prompts:/support/3`.
    package static let promptKey = "drover.prompt"
    private static let promptScheme = "prompts:/"

    /// The prompt versions that its instructions, and those of the agents that it asks, come from. An existing server
    /// agent has instructions of its own.
    package var prompts: [Trace.Prompt] {
        let own = agentID == nil ? metadata?[Self.promptKey].flatMap(Self.prompt) : nil
        var prompts = own.map { [$0] } ?? []
        for prompt in tools.compactMap(\.agent).flatMap(\.prompts) where !prompts.contains(prompt) {
            prompts.append(prompt)
        }
        return prompts
    }

    private static func prompt(at uri: String) -> Trace.Prompt? {
        guard uri.hasPrefix(promptScheme) else { return nil }
        let parts = uri.dropFirst(promptScheme.count).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, let version = Int(parts[1]) else { return nil }
        return Trace.Prompt(name: String(parts[0]), version: version)
    }
}
