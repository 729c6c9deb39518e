/// What differs between generations when an agent is run.
extension Capabilities {
    /// Where the server's own agents are: `/v1alpha/agents`, on 0.2.x `/v1/agents`; nil where there are none.
    package var agentsPath: String? {
        ["/v1alpha/agents", "/v1/agents"].first { has("POST", $0) }
    }

    /// Whether an agent's client tools are told by a JSON schema (0.3); otherwise by a flat list of parameters.
    package var clientToolsHaveSchemas: Bool {
        generation >= .v03
    }

    /// Whether agents of the server take a format of their answers; those of 0.3 refuse every one.
    package var agentsTakeFormats: Bool {
        generation < .v03
    }

    /// The declared fields that tune an answer and that agents of the server heed.
    package var tuningHeededByAgents: Set<String> {
        let heeded: Set = ["sampling.temperature", "sampling.topP", "sampling.maxTokens", "toolChoice"]
        return generation < .v03 ? heeded.union(["sampling.stop"]) : heeded
    }

    /// Whether the Responses API does more than agents of the server: that of 0.2 knows no shields and no usage.
    package var prefersResponses: Bool {
        generation >= .v03
    }
}

/// What the Responses API of a generation does with a request; it drops fields that it does not know without a word.
extension Capabilities {
    /// Whether a response can have guardrails (0.3 to 0.7); OGX reports shields as not supported.
    package var hasGuardrails: Bool {
        generation >= .v03 && hasShields
    }

    /// The declared fields that tune an answer and that the API heeds (`sampling.topP`, …).
    package var heededTuning: Set<String> {
        switch generation {
        case .v02, .v03: ["sampling.temperature"]
        case .v04: ["sampling.temperature", "toolChoice"]
        case .v07, .ogx: ["sampling.temperature", "sampling.topP", "sampling.maxTokens", "toolChoice"]
        }
    }

    /// Whether the Responses API fails where guardrails are to look at an input with function calls (seen up to 0.7.3).
    package var failsOnGuardedCalls: Bool {
        generation > .v02 && generation < .ogx
    }

    /// Whether an MCP server's token travels in `authorization` (0.4 and later); before, among the tool's headers.
    package var takesMCPAuthorization: Bool {
        generation >= .v04
    }
}
