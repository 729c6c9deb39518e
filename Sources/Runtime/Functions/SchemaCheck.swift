package import Language

/// Validates a value against a JSON schema, as far as arguments of functions need it.
///
/// It supports `type`, `enum`, `const`, `properties`, `required`, `additionalProperties`, `items`, `minItems`,
/// `maxItems`, `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `minLength`, `maxLength`, `pattern`,
/// `allOf`, `anyOf`, `oneOf`, `not`, and the schemas `true` and `false`. Everything else (`$ref`, `format`, …) is
/// ignored and never fails.
package struct SchemaCheck: Sendable {
    private let schema: Value

    /// The longest that a comparison with a `pattern` may take.
    private static let patternLimit = Duration.seconds(2)

    package init(_ schema: Value) {
        self.schema = schema
    }

    /// The problems of a value, in sentences that name the place (`city`, `legs[0].from`); empty when it is valid.
    package func problems(in value: Value) -> [String] {
        Self.problems(value, schema, "")
    }

    /// Whether it may take long, since there is a `pattern`: not on a thread that others need.
    package var mayTakeLong: Bool { Self.hasPattern(schema) }

    private static func hasPattern(_ schema: Value) -> Bool {
        if let parts = schema.array { return parts.contains(where: hasPattern) }
        return schema.object?.contains { $0.key == "pattern" || hasPattern($0.value) } ?? false
    }

    private static func problems(_ value: Value, _ schema: Value, _ place: String) -> [String] {
        if schema == false { return ["\(name(place)) is not allowed."] }
        guard let rules = schema.object else { return [] }
        return type(value, rules, place) + choice(value, rules, place) + members(value, rules, place)
            + elements(value, rules, place) + size(value, rules, place) + text(value, rules, place)
            + combinations(value, rules, place)
    }

    private static func name(_ place: String) -> String {
        place.isEmpty ? "The value" : "`\(place)`"
    }

    private static func type(_ value: Value, _ rules: [String: Value], _ place: String) -> [String] {
        guard let type = rules["type"] else { return [] }
        let types = type.string.map { [$0] } ?? (type.array ?? []).compactMap(\.string)
        guard !types.isEmpty, !types.contains(where: { value.isOf($0) }) else { return [] }
        return ["\(name(place)) must be \(types.map { "`\($0)`" }.joined(separator: " or "))."]
    }

    private static func choice(_ value: Value, _ rules: [String: Value], _ place: String) -> [String] {
        let choices = rules["enum"]?.array ?? rules["const"].map { [$0] }
        guard let choices, !choices.contains(where: { value.isSame(as: $0) }) else { return [] }
        return ["\(name(place)) must be one of \(choices.map { "`\($0.interpolated)`" }.joined(separator: ", "))."]
    }

    private static func members(_ value: Value, _ rules: [String: Value], _ place: String) -> [String] {
        guard let object = value.object else { return [] }
        let properties = rules["properties"]?.object ?? [:]
        let missing = (rules["required"]?.array ?? []).compactMap(\.string).filter { object[$0] == nil }
        let path = { (key: String) in place.isEmpty ? key : "\(place).\(key)" }
        return missing.map { "`\(path($0))` is missing." }
            + object.sorted { $0.key < $1.key }.flatMap { key, member in
                problems(member, properties[key] ?? rules["additionalProperties"] ?? true, path(key))
            }
    }

    private static func elements(_ value: Value, _ rules: [String: Value], _ place: String) -> [String] {
        guard let array = value.array, let schema = rules["items"] else { return [] }
        return array.enumerated().flatMap { problems($1, schema, "\(place)[\($0)]") }
    }

    private static func size(_ value: Value, _ rules: [String: Value], _ place: String) -> [String] {
        var problems: [String] = []
        func check(_ rule: String, _ size: Value?, _ isBroken: (Value, Value) -> Bool, _ words: String) {
            guard let size, let limit = rules[rule], isBroken(size, limit) else { return }
            problems.append("\(name(place)) must \(words) \(limit.interpolated).")
        }
        // What is no number, here or in the schema, breaks none of these rules.
        let isBelow = { (size: Value, limit: Value) in size.isLess(than: limit) ?? false }
        let isAbove = { (size: Value, limit: Value) in limit.isLess(than: size) ?? false }
        check("minimum", value, isBelow, "be at least")
        check("maximum", value, isAbove, "be at most")
        check("exclusiveMinimum", value, { !($1.isLess(than: $0) ?? true) }, "be more than")
        check("exclusiveMaximum", value, { !($0.isLess(than: $1) ?? true) }, "be less than")
        let length = value.string.map { Value.integer($0.unicodeScalars.count) }
        check("minLength", length, isBelow, "have at least this many characters:")
        check("maxLength", length, isAbove, "have at most this many characters:")
        let count = value.array.map { Value.integer($0.count) }
        check("minItems", count, isBelow, "have at least this many items:")
        check("maxItems", count, isAbove, "have at most this many items:")
        return problems
    }

    private static func text(_ value: Value, _ rules: [String: Value], _ place: String) -> [String] {
        guard let text = value.string, let pattern = rules["pattern"]?.string else { return [] }
        do throws(SearchGivenUp) {
            let isMatch = try LimitedMatch.result(of: pattern, within: patternLimit) {
                do {
                    return try Regex(pattern).firstMatch(in: text) != nil
                } catch {
                    return true  // A pattern of another dialect cannot be checked, and is ignored.
                }
            }
            return isMatch ? [] : ["\(name(place)) must match `\(pattern)`."]
        } catch {
            return ["\(name(place)) could not be compared with its pattern. \(error.reason(pattern))"]
        }
    }

    private static func combinations(_ value: Value, _ rules: [String: Value], _ place: String) -> [String] {
        func fits(_ schema: Value) -> Bool { problems(value, schema, place).isEmpty }
        var found = (rules["allOf"]?.array ?? []).flatMap { problems(value, $0, place) }
        if let any = rules["anyOf"]?.array, !any.contains(where: fits) {
            found.append("\(name(place)) fits none of the allowed forms.")
        }
        if let one = rules["oneOf"]?.array, one.filter(fits).count != 1 {
            found.append("\(name(place)) must fit exactly one of the allowed forms.")
        }
        if let not = rules["not"], fits(not) { found.append("\(name(place)) has a form that is not allowed.") }
        return found
    }
}

extension Value {
    fileprivate func isOf(_ type: String) -> Bool {
        switch (type, self) {
        case ("null", .null), ("boolean", .bool), ("string", .string), ("array", .array), ("object", .object): true
        case ("number", .integer), ("number", .bigInteger), ("number", .number): true
        case ("integer", _): isWholeNumber
        case _: false
        }
    }

    /// In JSON, 1 and 1.0 are the same.
    fileprivate func isSame(as other: Value) -> Bool {
        double != nil && other.double != nil ? isSameNumber(as: other) : self == other
    }
}
