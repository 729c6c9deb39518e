import Language

/// The rules of a schema that need no other schema.
enum SchemaRules {
    static func problems(with value: Value, _ rules: [String: Value], at place: String) -> [String] {
        type(value, rules, place) + choice(value, rules, place) + numbers(value, rules, place)
            + sizes(value, rules, place) + names(value, rules, place) + repeats(value, rules, place)
    }

    private static func type(_ value: Value, _ rules: [String: Value], _ place: String) -> [String] {
        guard let type = rules["type"] else { return [] }
        let types = type.string.map { [$0] } ?? (type.array ?? []).compactMap(\.string)
        guard !types.contains(where: { value.isOf($0) }) else { return [] }
        let wanted = types.map { "`\($0)`" }.joined(separator: " or ")
        return ["`\(place)` must be \(wanted), and is \(value.canonicalJSON.excerpt(60))."]
    }

    private static func choice(_ value: Value, _ rules: [String: Value], _ place: String) -> [String] {
        var problems: [String] = []
        if let choices = rules["enum"]?.array, !choices.contains(where: { value.isEquivalent(to: $0) }) {
            let listed = choices.prefix(10).map(\.canonicalJSON).joined(separator: ", ")
            problems.append("`\(place)` must be one of \(listed), and is \(value.canonicalJSON.excerpt(60)).")
        }
        if let only = rules["const"], !value.isEquivalent(to: only) {
            problems.append("`\(place)` must be \(only.canonicalJSON), and is \(value.canonicalJSON.excerpt(60)).")
        }
        return problems
    }

    private static func numbers(_ value: Value, _ rules: [String: Value], _ place: String) -> [String] {
        guard value.double != nil, value.string == nil else { return [] }
        var problems: [String] = []
        func check(_ rule: String, _ words: String, _ holds: (Value) -> Bool?) {
            guard let limit = rules[rule], holds(limit) == false else { return }
            problems.append("`\(place)` must be \(words) \(limit.canonicalJSON), and is \(value.canonicalJSON).")
        }
        check("minimum", "at least") { limit in value.isLess(than: limit).map { !$0 } }
        check("maximum", "at most") { limit in limit.isLess(than: value).map { !$0 } }
        check("exclusiveMinimum", "more than") { limit in limit.isLess(than: value) }
        check("exclusiveMaximum", "less than") { limit in value.isLess(than: limit) }
        check("multipleOf", "a multiple of") { step in value.isMultiple(of: step) }
        return problems
    }

    private static func sizes(_ value: Value, _ rules: [String: Value], _ place: String) -> [String] {
        var problems: [String] = []
        func check(_ least: String, _ most: String, _ size: Int?, _ noun: String) {
            guard let size else { return }
            if let limit = rules[least]?.double, Double(size) < limit {
                problems.append("`\(place)` must have at least \(limit.plain) \(noun), and has \(size).")
            }
            if let limit = rules[most]?.double, Double(size) > limit {
                problems.append("`\(place)` must have at most \(limit.plain) \(noun), and has \(size).")
            }
        }
        check("minLength", "maxLength", value.string?.unicodeScalars.count, "characters")
        check("minItems", "maxItems", value.array?.count, "elements")
        check("minProperties", "maxProperties", value.object?.count, "members")
        return problems
    }

    private static func names(_ value: Value, _ rules: [String: Value], _ place: String) -> [String] {
        guard let members = value.object else { return [] }
        let needed = (rules["dependentRequired"]?.object ?? [:]).sorted { $0.key < $1.key }
            .filter { members[exactly: $0.key] != nil }.flatMap { $0.value.array ?? [] }
        let missing = ((rules["required"]?.array ?? []) + needed).compactMap(\.string)
            .filter { members[exactly: $0] == nil }
        return missing.map { "`\(place)` has no `\($0)`." }
    }

    private static func repeats(_ value: Value, _ rules: [String: Value], _ place: String) -> [String] {
        guard rules["uniqueItems"] == .bool(true), let elements = value.array else { return [] }
        for (index, element) in elements.enumerated()
        where elements[..<index].contains(where: { $0.isEquivalent(to: element) }) {
            return ["`\(place)` has the element \(element.canonicalJSON.excerpt(60)) twice."]
        }
        return []
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
}
