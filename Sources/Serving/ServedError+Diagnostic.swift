import Language
import Runtime

extension ServedError {
    /// What a caller is told of a failed turn. What refuses a part of the request is told in full, for it speaks of nothing
    /// else; all else only with its kind, since it may tell of addresses and servers that are none of the caller's business.
    init(_ failure: Diagnostic, of request: AgentRequest) {
        let refusals: [Diagnostic.Code] = ["name-taken", "not-offered"]
        let hasWishes = !request.functions.isEmpty || request.sampling != AgentDefinition.Sampling()
        switch failure.code {
        case _ where hasWishes && refusals.contains(failure.code):
            let (message, parameter) = Self.told(failure.detail, of: request)
            self.init(.badRequest, code: "unsupported_parameter", message, at: parameter)
        case "server-timeout": self = .expired
        case "server-busy": self = .busyUpstream(for: failure.retryAfter)
        case "server-unreachable":
            self.init(
                .unavailable, code: "upstream_unreachable", "The agent's server cannot be reached.", retryAfter: 5)
        case _: self = .failedUpstream
        }
    }

    /// The sampling of a request, as specs call it and as callers do.
    private static let sampling = [
        "sampling.temperature": "temperature", "sampling.topP": "top_p", "sampling.maxTokens": "max_output_tokens",
        "sampling.stop": "stop", "sampling.seed": "seed",
    ]

    /// A refusal in the words of who asks, and the field that it is about; nil where it names none.
    private static func told(_ detail: String, of request: AgentRequest) -> (message: String, parameter: String?) {
        for (written, asked) in sampling where detail.contains("`\(written)`") {
            return (detail.replacing("`\(written)`", with: "`\(asked)`"), asked)
        }
        let isOfFunction = request.functions.contains { detail.contains("caller's function `\($0.name)`") }
        return (detail, isOfFunction ? "tools" : nil)
    }

    static let expired = ServedError(.expired, code: "timeout", "The agent did not answer in time.")
    static let failedUpstream = ServedError(
        .failedUpstream, code: "upstream_failed",
        "The agent could not answer. The log of this server says why, under the id of this request.")
    /// - Parameter wait: How long that server asks to wait; nil where it does not say.
    static func busyUpstream(for wait: Duration?) -> ServedError {
        let seconds = wait.map { Int(min(86_400, max(1, ($0 / .seconds(1)).rounded(.up)))) }
        return ServedError(
            .unavailable, code: "upstream_busy", "The agent's server has too much to do.", retryAfter: seconds ?? 5)
    }

    static let stopping = ServedError(
        .unavailable, code: "shutting_down", "This server is being stopped.", retryAfter: 1)
    static let starting = ServedError(
        .unavailable, code: "not_ready", "This server waits for the servers behind the agents.", retryAfter: 1)
}
