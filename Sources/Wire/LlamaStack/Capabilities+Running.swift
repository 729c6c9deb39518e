/// What differs between generations when an agent is run.
extension Capabilities {
    /// Where the server's own agents are: `/v1alpha/agents`, on 0.2.x `/v1/agents`; nil where there are none.
    package var agentsPath: String? {
        ["/v1alpha/agents", "/v1/agents"].first { has("POST", $0) }
    }

    /// Whether an agent's client tools are described by a JSON schema (0.3); otherwise by a flat list of parameters.
    package var clientToolsHaveSchemas: Bool {
        generation >= .v03
    }

    /// Whether server agents accept a response format; those of 0.3 reject every one.
    package var agentsTakeFormats: Bool {
        generation < .v03
    }

    /// The declared fields that tune an answer and that server agents respect.
    package var tuningHeededByAgents: Set<String> {
        let heeded: Set = ["sampling.temperature", "sampling.topP", "sampling.maxTokens", "toolChoice"]
        return generation < .v03 ? heeded.union(["sampling.stop"]) : heeded
    }

    /// Whether the Responses API is more capable than server agents: that of 0.2 has neither shields nor usage.
    package var prefersResponses: Bool {
        generation >= .v03
    }
}

/// How the Responses API of a generation treats a request; it silently ignores fields that it does not know.
extension Capabilities {
    /// Whether a response can have guardrails (0.3 to 0.7); OGX reports shields as not supported.
    package var hasGuardrails: Bool {
        generation >= .v03 && hasShields
    }

    /// The declared fields that tune an answer and that the API respects (`sampling.topP`, …): those that its
    /// description names, or, where it names none, those that servers of this version know.
    package var heededTuning: Set<String> {
        Set(
            Self.tuning.filter { field in
                // 0.5 takes it for another field, so that every answer is cut off.
                if field.name == "sampling.maxTokens", number == Version(0, 5) { return false }
                return describesResponses ? responsesTake(field.sent) : field.span.contains(number)
            }.map(\.name))
    }

    /// The versions whose Responses API respects a declared field that tunes an answer; nil for none.
    package static func versions(heeding field: String) -> String? {
        tuning.first { $0.name == field }?.span.text
    }

    /// The fields by their declared names, with their names in requests and the versions that know them.
    private static let tuning: [(name: String, sent: String, span: VersionSpan)] = [
        ("sampling.temperature", "temperature", VersionSpan("0.2.20")), ("sampling.topP", "top_p", VersionSpan("0.6")),
        ("sampling.maxTokens", "max_output_tokens", VersionSpan("0.6")),
        ("toolChoice", "tool_choice", VersionSpan("0.4")),
    ]

    /// Whether a request may name a connector by its id alone, at least in the first turn of a conversation.
    package var resolvesConnectors: Bool {
        number >= Version(0, 6)
    }

    /// Whether the connectors can be listed: OGX before 1.3 fails, and stands still for half a minute while it logs
    /// that.
    package var listsConnectors: Bool {
        generation < .ogx || number >= Version(1, 3)
    }

    /// Whether an answer tells which documents it cites: OGX before 1.3 asks the model for marks that it does not know.
    package var tellsCitations: Bool {
        generation < .ogx || number >= Version(1, 3)
    }

    /// Whether the Responses API fails when guardrails have to check an input with function calls (seen up to 0.7.3).
    package var failsOnGuardedCalls: Bool {
        generation > .v02 && generation < .ogx
    }

    /// Whether an MCP server's token is sent in `authorization` (0.4 and later); before, among the tool's headers.
    package var takesMCPAuthorization: Bool {
        generation >= .v04
    }
}
