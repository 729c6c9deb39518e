import Language

/// One walk through a value by the rules of a schema.
struct SchemaValidation {
    /// What a schema finds in a value, and which members and elements it has looked at.
    struct Result {
        var problems: [String] = []
        var members: Set<ExactText> = []
        var elements: Set<Int> = []

        var isValid: Bool { problems.isEmpty }

        /// Adds what another schema has found in the same value.
        mutating func add(_ other: Result) {
            problems += other.problems
            look(at: other)
        }

        /// What was looked at counts only where the schema fits.
        mutating func look(at other: Result) {
            guard other.isValid else { return }
            members.formUnion(other.members)
            elements.formUnion(other.elements)
        }
    }

    /// The resources on the way to here, the document first.
    private var resources: [Value]
    private var depth = 0

    /// So deep may schemas be in schemas, by references too.
    private static let deepest = 128

    init(resources: [Value]) {
        self.resources = resources
    }

    private var resource: Value { resources.last ?? .null }
    private var document: Value { resources.first ?? .null }

    func validate(_ value: Value, _ schema: Value, at place: String) throws(Unobservable) -> Result {
        var inner = self
        inner.depth += 1
        guard inner.depth <= Self.deepest else {
            throw Unobservable("The schema refers to itself without end, or is nested too deeply to be checked.")
        }
        guard let rules = schema.object else {
            return Result(problems: schema == .bool(false) ? ["`\(place)` is not allowed."] : [])
        }
        if rules["$id"] != nil, schema != resource { inner.resources.append(schema) }
        return try inner.validate(value, by: rules, at: place)
    }

    private func validate(_ value: Value, by rules: [String: Value], at place: String) throws(Unobservable) -> Result {
        var result = Result()
        result.problems += SchemaRules.problems(with: value, rules, at: place)
        try checkText(value, rules, place, &result)
        try follow(value, rules, place, &result)
        try combine(value, rules, place, &result)
        try checkMembers(value, rules, place, &result)
        try checkElements(value, rules, place, &result)
        return result
    }

    private func checkText(
        _ value: Value, _ rules: [String: Value], _ place: String, _ result: inout Result
    ) throws(Unobservable) {
        guard let text = value.string, let pattern = rules["pattern"]?.string else { return }
        if try !matches(text, pattern) { result.problems.append("`\(place)` does not match `\(pattern)`.") }
    }

    private func matches(_ text: String, _ pattern: String) throws(Unobservable) -> Bool {
        let known: Pattern
        do throws(MalformedPattern) {
            known = try Pattern(pattern)
        } catch {
            throw Unobservable("`\(pattern)` is not a regular expression: \(error.reason).")
        }
        return try known.matches(text)
    }

    private func follow(
        _ value: Value, _ rules: [String: Value], _ place: String, _ result: inout Result
    ) throws(Unobservable) {
        guard let reference = rules["$ref"]?.string else { return }
        result.add(try referred(reference, value, place))
    }

    private func referred(_ reference: String, _ value: Value, _ place: String) throws(Unobservable) -> Result {
        guard let target = SchemaResource.target(of: reference, in: resource, of: document) else {
            throw Unobservable("The schema refers to `\(reference)`, which is not in it.")
        }
        var inner = self
        if target.resource != resource { inner.resources.append(target.resource) }
        return try inner.validate(value, target.schema, at: place)
    }

    private func combine(
        _ value: Value, _ rules: [String: Value], _ place: String, _ result: inout Result
    ) throws(Unobservable) {
        for schema in rules["allOf"]?.array ?? [] { result.add(try validate(value, schema, at: place)) }
        if let choices = rules["anyOf"]?.array {
            let found = try results(value, choices, place)
            for one in found { result.look(at: one) }
            if !found.contains(where: \.isValid) {
                result.problems.append("`\(place)` fits none of the \(choices.count) allowed forms.\(Self.hint(found))")
            }
        }
        if let choices = rules["oneOf"]?.array {
            let found = try results(value, choices, place)
            for one in found { result.look(at: one) }
            let count = found.count(where: \.isValid)
            if count != 1 {
                let hint = count == 0 ? Self.hint(found) : ""
                result.problems.append(
                    "`\(place)` fits \(count) of the \(choices.count) allowed forms, and not exactly one.\(hint)")
            }
        }
        if let not = rules["not"], try validate(value, not, at: place).isValid {
            result.problems.append("`\(place)` has a form that is not allowed.")
        }
        guard let condition = rules["if"] else { return }
        let held = try validate(value, condition, at: place)
        result.look(at: held)
        if let schema = held.isValid ? rules["then"] : rules["else"] {
            result.add(try validate(value, schema, at: place))
        }
    }

    private func results(_ value: Value, _ schemas: [Value], _ place: String) throws(Unobservable) -> [Result] {
        var results: [Result] = []
        for schema in schemas { results.append(try validate(value, schema, at: place)) }
        return results
    }

    /// What keeps the value from the form that it comes nearest to.
    private static func hint(_ found: [Result]) -> String {
        found.min { $0.problems.count < $1.problems.count }?.problems.first.map { " The nearest: \($0)" } ?? ""
    }
}

extension SchemaValidation {
    private func checkMembers(
        _ value: Value, _ rules: [String: Value], _ place: String, _ result: inout Result
    ) throws(Unobservable) {
        guard case .object(let members) = value else { return }
        let sorted = members.sorted { $0.key < $1.key }
        let own = rules["properties"]?.object ?? [:]
        let patterns = (rules["patternProperties"]?.object ?? [:]).sorted { $0.key < $1.key }
        for (key, member) in sorted {
            let inner = Self.place(of: key, in: place)
            var isLookedAt = false
            if let schema = own[exactly: key] {
                result.problems += try validate(member, schema, at: inner).problems
                isLookedAt = true
            }
            for (pattern, schema) in patterns where try matches(key, pattern) {
                result.problems += try validate(member, schema, at: inner).problems
                isLookedAt = true
            }
            if !isLookedAt, let schema = rules["additionalProperties"] {
                result.problems += try validate(member, schema, at: inner).problems
                isLookedAt = true
            }
            if isLookedAt { result.members.insert(ExactText(key)) }
            if let names = rules["propertyNames"], try !validate(.string(key), names, at: inner).isValid {
                result.problems.append("The name of `\(inner)` is not allowed.")
            }
        }
        for (key, schema) in (rules["dependentSchemas"]?.object ?? [:]).sorted(by: { $0.key < $1.key })
        where members[exactly: key] != nil {
            result.add(try validate(value, schema, at: place))
        }
        guard let rest = rules["unevaluatedProperties"] else { return }
        for (key, member) in sorted where !result.members.contains(ExactText(key)) {
            result.problems += try validate(member, rest, at: Self.place(of: key, in: place)).problems
        }
        result.members = Set(members.keys.map { ExactText($0) })
    }

    private func checkElements(
        _ value: Value, _ rules: [String: Value], _ place: String, _ result: inout Result
    ) throws(Unobservable) {
        guard case .array(let elements) = value else { return }
        let first = rules["prefixItems"]?.array ?? []
        for (index, element) in elements.enumerated() {
            guard let schema = index < first.count ? first[index] : rules["items"] else { continue }
            result.problems += try validate(element, schema, at: "\(place)[\(index)]").problems
            result.elements.insert(index)
        }
        if let schema = rules["contains"] {
            var count = 0
            for (index, element) in elements.enumerated()
            where try validate(element, schema, at: "\(place)[\(index)]").isValid {
                count += 1
                result.elements.insert(index)
            }
            let least = rules["minContains"]?.double ?? 1
            let most = rules["maxContains"]?.double ?? .infinity
            if Double(count) < least || Double(count) > most {
                result.problems.append(
                    "`\(place)` has \(count) elements of the wanted form, which is too \(Double(count) < least ? "few" : "many")."
                )
            }
        }
        guard let rest = rules["unevaluatedItems"] else { return }
        for (index, element) in elements.enumerated() where !result.elements.contains(index) {
            result.problems += try validate(element, rest, at: "\(place)[\(index)]").problems
        }
        result.elements = Set(elements.indices)
    }

    /// `$.order`, or `$['total price']`.
    private static func place(of key: String, in place: String) -> String {
        let isPlain =
            !key.isEmpty
            && key.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || byte == 0x5F
            }
        return isPlain ? "\(place).\(key)" : "\(place)['\(key)']"
    }
}
