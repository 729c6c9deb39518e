package import Language
import Runtime

/// `matches: "(?i)order [0-9]+"`: a regular expression that matches somewhere in the answer's text.
package struct Matches: Assertion {
    package static let key = Key(
        "matches", Reading.pattern.map { pattern, _, _ in Matches(pattern) }, example: "\"(?i)order [0-9]+\"",
        "A regular expression that matches somewhere in the answer.")

    let pattern: Pattern

    init(_ pattern: Pattern) {
        self.pattern = pattern
    }

    package var claim: String { "matches `\(pattern.source)`" }

    package var mayTakeLong: Bool { true }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        let actual = observation.answer.text
        let match = try observation.firstMatch(of: pattern)
        return .passing(
            match != nil,
            else: Mismatch(
                "Nothing in the answer matches `\(pattern.source)`.", expected: pattern.source, actual: actual))
    }
}
