import Language

extension Reading where Value == Pattern {
    /// A regular expression; a malformed one is reported at its place.
    static var pattern: Reading {
        Reading<String>.someText.map { text, node, problems in
            do throws(MalformedPattern) {
                return try Pattern(text)
            } catch {
                problems.report(
                    Diagnostic(
                        "bad-pattern", "Unreadable regular expression",
                        detail: "`\(text)` is not a regular expression: \(error.reason).",
                        fix: #"Correct it; a character such as `(` stands for itself as `\(`."#, at: node.range))
                return nil
            }
        }
    }
}

extension Reading where Value == JSONPath {
    /// A JSON path; a malformed one is reported at its place.
    static var jsonPath: Reading {
        Reading<String>.someText.map { text, node, problems in
            do throws(MalformedJSONPath) {
                return try JSONPath(text)
            } catch {
                problems.report(
                    Diagnostic(
                        "bad-json-path", "Unreadable JSON path",
                        detail: "`\(text)` is not a JSON path. \(error.reason)",
                        fix: "Write a path such as `$.orders[0]['total price']`.", at: node.range))
                return nil
            }
        }
    }
}

extension Reading {
    /// `true`, for an assertion that takes no operand.
    static func affirmation(_ name: String, _ make: @escaping @Sendable () -> Value) -> Reading {
        Reading<Bool>.boolean.map { isTrue, node, problems in
            guard !isTrue else { return make() }
            problems.report(
                Diagnostic(
                    "bad-negation", "Negation in the wrong place", detail: "`\(name)` can only be `true`.",
                    fix: "Write `not: {\(name): true}`.", at: node.range))
            return nil
        }
    }
}
