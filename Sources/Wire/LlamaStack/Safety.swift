import Language

extension LlamaStack {
    /// Runs shields on texts.
    package var safety: Safety {
        Safety(endpoint: endpoint)
    }

    /// `POST /v1/safety/run-shield`, Llama Stack 0.2 to 0.7.
    package struct Safety: Sendable {
        let endpoint: Endpoint

        /// The message of a shield that blocks a text, with what it is a violation of, as the server tells it; nil when
        /// the text passes. An agent's text is sent in the role of a user, too, as the server itself does.
        package func violation(in text: String, by shield: String) async throws -> String? {
            let message: Value = ["role": "user", "content": .string(text)]
            let body: Value = ["shield_id": .string(shield), "messages": [message], "params": [:]]
            let answer: Answer = try await endpoint.decode(
                Call(
                    "run the shield `\(shield)`", .post, "/v1/safety/run-shield", body: .json(body), isRepeatable: true
                ).reading
            )
            guard let violation = answer.violation, violation.level != "info" else { return nil }
            let said = violation.message ?? "Content blocked by safety guardrails"
            return endpoint.sent.cleared(message: said + violation.reason)
        }

        private struct Answer: Decodable {
            let violation: Violation?
        }

        private struct Violation: Decodable {
            /// `info`, `warn` or `error`.
            let level: String?
            let message: String?
            let metadata: Value?

            /// ` (violation type: S9)`, as the server's own guardrails say it.
            var reason: String {
                let type = metadata?["violation_type"]
                let types = (type?.array ?? [type].compactMap(\.self)).compactMap(\.string).filter { !$0.isEmpty }
                return types.isEmpty ? "" : " (violation type: \(types.joined(separator: ", ")))"
            }

            private enum CodingKeys: String, CodingKey {
                case level = "violation_level"
                case message = "user_message"
                case metadata
            }
        }
    }
}
