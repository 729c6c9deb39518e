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

extension Fields {
    /// Reports a map that has more than one of these fields.
    mutating func allowOne(of group: [String], of noun: String) {
        let present = group.filter(has)
        guard present.count > 1 else { return }
        problems.report(
            Diagnostic(
                "conflicting-fields", "Conflicting fields",
                detail: "\(noun.capitalizedFirst) takes only one of \(group.listed), and has \(present.listed).",
                fix: "Keep one and remove the rest.", at: keyRange(of: present[1])))
    }

    /// Reports a map that has none of these fields.
    mutating func needOne(of group: [String], of noun: String) {
        guard !group.contains(where: has) else { return }
        problems.report(
            Diagnostic(
                "missing-field", "Missing field",
                detail: "\(noun.capitalizedFirst) needs at least one of \(group.listed), and has none.",
                fix: "Add one of them.", at: node.range.firstLine))
    }
}
