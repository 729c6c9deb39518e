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
        ///   - code: Of the error: `rate_limit_exceeded`, or 429; 503 where the message says how long to wait, as the status with
        ///     `Retry-After` does. OGX 1.5 knows no others than those of OpenAI's API: of a
        ///     model server's error with the number 429 it makes `invalid_prompt`, of one with other words `server_error`,
        ///     and leaves the message.
        ///   - message: `Rate limit reached. Please try again in 1.5s.`, or what a client of the model's server says.
        init?(code: Value?, message: String?) {
            let message = message ?? ""
            let isNamed = code == "rate_limit_exceeded" || code == 429 || code == "429"
            let mayBeMeant = [nil, .null, "invalid_prompt", "server_error"].contains(code)
            wait = Self.wait(in: message)
            let isAway = code == 503 || code == "503" || mayBeMeant && Self.tellsUnavailable(message)
            guard isNamed || mayBeMeant && Self.tellsRateLimit(message) || isAway && wait != nil else { return nil }
        }

        /// `Error code: 429 - …`, `429: …`, `Rate limit reached`, `Too many requests`.
        private static func tellsRateLimit(_ message: String) -> Bool {
            let pattern = #/^(?:error code: )?429\b|\brate[ _-]?limit(?:s|ed|_exceeded)?\b|\btoo many requests\b/#
            return message.firstMatch(of: pattern.ignoresCase()) != nil
        }

        /// `Error code: 503 - …`, `503: …`.
        private static func tellsUnavailable(_ message: String) -> Bool {
            message.firstMatch(of: #/^(?:error code: )?503\b/#.ignoresCase()) != nil
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
