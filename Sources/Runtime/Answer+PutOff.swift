import Language

extension Answer {
    /// Why a turn failed that may be asked for again later: the model takes no more requests for now.
    package struct PutOff: Sendable, Hashable {
        /// Nil where nothing says how long.
        package let wait: Duration?

        package init(wait: Duration?) {
            self.wait = wait
        }

        /// - Parameters:
        ///   - code: Of the error: `rate_limit_exceeded`, or 429. OGX 1.5 has only those of OpenAI's API: it turns a
        ///     model server's error with the number 429 into `invalid_prompt`, one with other words into
        ///     `server_error`, and keeps the message.
        ///   - message: `Rate limit reached. Please try again in 1.5s.`, or what a client of the model's server says.
        init?(code: Value?, message: String?) {
            let message = message ?? ""
            let isNamed = code == "rate_limit_exceeded" || code == 429 || code == "429"
            let mayBeMeant = [nil, .null, "invalid_prompt", "server_error"].contains(code)
            guard isNamed || mayBeMeant && Self.tellsRateLimit(message) else { return nil }
            wait = Self.wait(in: message)
        }

        /// `Error code: 429 - …`, `429: …`, `Rate limit reached`, `Too many requests`.
        private static func tellsRateLimit(_ message: String) -> Bool {
            let pattern = #/^(?:error code: )?429\b|\brate[ _-]?limit(?:s|ed|_exceeded)?\b|\btoo many requests\b/#
            return message.firstMatch(of: pattern.ignoresCase()) != nil
        }

        /// `try again in 250ms`, `in 2s`, `in 1.5 seconds`, `in 1m`.
        private static func wait(in message: String) -> Duration? {
            let pattern = #/\bin ([0-9]{1,6}(?:\.[0-9]{1,6})?) ?(ms|milliseconds?|s|seconds?|m|minutes?)\b/#
            guard let found = message.firstMatch(of: pattern.ignoresCase()), let count = Double(found.1) else {
                return nil
            }
            let unit = found.2.lowercased()
            let seconds = unit.hasPrefix("ms") || unit.hasPrefix("mil") ? 0.001 : unit.hasPrefix("m") ? 60.0 : 1.0
            return .seconds(count * seconds)
        }
    }
}
