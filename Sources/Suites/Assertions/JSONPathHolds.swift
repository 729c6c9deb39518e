package import Language
import Runtime

/// `jsonPath: {path: $.order.id, equals: 4411}`: a condition for a value in a JSON answer.
///
/// With several values at the path, one that fits is enough. Without a condition something must be there. The JSON may
/// stand in a Markdown code fence, if the answer is nothing else; texts in it are compared exactly, as they came.
package struct JSONPathHolds: Assertion, SpecDecodable {
    enum Condition: Sendable, Hashable {
        case exists(Bool)
        case equals(Value)
        case contains(String)
        case matches(Pattern)
    }

    package static let key = Key(
        "jsonPath", Reading.object(JSONPathHolds.self), example: "{path: $.order.id, equals: 4411}",
        "What stands at a path of an answer that is JSON.")

    private static let path = Key(
        "path", .jsonPath, required: true, example: "$.order.id", "Where to look, such as `$.orders[0]['total price']`."
    )
    private static let equals = Key("equals", .data, example: "4411", "The value that must stand there.")
    private static let contains = Key("contains", .someText, "Text that must be in the text, or a value in the list.")
    private static let matches = Key("matches", .pattern, "A regular expression that must match the text there.")
    private static let exists = Key("exists", .boolean, default: "true", "Whether there must be anything at all.")
    package static let noun = "a `jsonPath`"
    package static let rules = [FieldRule.atMostOne(["equals", "contains", "matches", "exists"])]
    package static let fields = [path.field, equals.field, contains.field, matches.field, exists.field]

    let path: JSONPath
    let condition: Condition

    package init(from fields: inout Fields) {
        path = fields.require(Self.path, else: .root)
        if fields.node["equals"]?.content == .null {
            condition = .equals(.null)
        } else if let value = fields.read(Self.equals) {
            condition = .equals(value)
        } else if let text = fields.read(Self.contains) {
            condition = .contains(text)
        } else if let pattern = fields.read(Self.matches) {
            condition = .matches(pattern)
        } else {
            condition = .exists(fields.read(Self.exists) ?? true)
        }
    }

    package var claim: String { "has at `\(path.source)` \(condition.text)" }

    package var mayTakeLong: Bool { true }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        guard let root = observation.answer.text.jsonInAnswer else { return .failed(.notJSON(observation.answer.text)) }
        let values = path.values(in: root)
        let holds = try condition.holds(for: values)
        return .passing(holds, else: mismatch(values, in: root))
    }

    private func mismatch(_ values: [Value], in root: Value) -> Mismatch {
        guard !values.isEmpty else {
            return Mismatch(
                "The answer has nothing at `\(path.source)`.", expected: condition.text, actual: root.canonicalJSON)
        }
        return Mismatch(
            "What the answer has at `\(path.source)` is not what was expected.", expected: condition.text,
            actual: values.map(\.canonicalJSON).joined(separator: ", "))
    }
}

extension JSONPathHolds.Condition {
    func holds(for values: [Value]) throws(Unobservable) -> Bool {
        switch self {
        case .exists(let wanted): return values.isEmpty != wanted
        case .equals(let expected): return values.contains { $0.isEquivalent(to: expected) }
        case .contains(let text): return values.contains { Self.contains($0, text) }
        case .matches(let pattern):
            for value in values where try pattern.matches(value.shown) { return true }
            return false
        }
    }

    private static func contains(_ value: Value, _ text: String) -> Bool {
        guard let elements = value.array else { return value.shown.has(text) }
        return elements.contains { $0.shown.isExactly(text) }
    }

    var text: String {
        switch self {
        case .exists(let wanted): wanted ? "any value" : "nothing"
        case .equals(let expected): "the value \(expected.canonicalJSON)"
        case .contains(let text): "a value that contains `\(text)`"
        case .matches(let pattern): "a value that matches `\(pattern.source)`"
        }
    }
}
