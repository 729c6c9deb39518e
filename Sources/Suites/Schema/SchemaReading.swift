import Language

extension Reading where Value == JSONSchema {
    /// A JSON schema (2020-12); what is wrong with it is reported at its place.
    static var jsonSchema: Reading {
        Reading<Node>.node.map { node, _, problems in
            let before = problems.diagnostics.count
            var check = SchemaCheckup()
            check.schema(node, at: [], &problems)
            let value = node.value(&problems)
            check.references(in: value, &problems)
            let isSound = problems.diagnostics[before...].allSatisfy { $0.severity == .warning }
            return isSound ? JSONSchema(sound: value) : nil
        }
    }
}

/// Looks through a schema for what a validator could not use.
private struct SchemaCheckup {
    /// What stands behind a keyword.
    private enum Operand {
        case schema, schemas, schemaMap, patternMap
        case count, number, positive, flag, text, pattern, texts, textsMap, types, list, anything, reference, unfollowed
    }

    private static let keywords: [String: Operand] = [
        "$schema": .text, "$id": .text, "$anchor": .text, "$dynamicAnchor": .text, "$vocabulary": .anything,
        "$comment": .text, "$ref": .reference, "$dynamicRef": .unfollowed, "$defs": .schemaMap,
        "definitions": .schemaMap,
        "allOf": .schemas, "anyOf": .schemas, "oneOf": .schemas, "prefixItems": .schemas,
        "not": .schema, "if": .schema, "then": .schema, "else": .schema, "items": .schema, "contains": .schema,
        "additionalProperties": .schema, "propertyNames": .schema, "unevaluatedItems": .schema,
        "unevaluatedProperties": .schema, "contentSchema": .schema,
        "properties": .schemaMap, "dependentSchemas": .schemaMap, "patternProperties": .patternMap,
        "type": .types, "enum": .list, "const": .anything,
        "multipleOf": .positive, "minimum": .number, "maximum": .number, "exclusiveMinimum": .number,
        "exclusiveMaximum": .number,
        "minLength": .count, "maxLength": .count, "minItems": .count, "maxItems": .count, "minContains": .count,
        "maxContains": .count, "minProperties": .count, "maxProperties": .count,
        "pattern": .pattern, "uniqueItems": .flag, "required": .texts, "dependentRequired": .textsMap,
        "title": .text, "description": .text, "default": .anything, "examples": .list, "deprecated": .flag,
        "readOnly": .flag, "writeOnly": .flag, "format": .text, "contentEncoding": .text, "contentMediaType": .text,
    ]
    /// What earlier drafts said, and what says it today. It would be left out silently.
    private static let earlier: [String: String] = [
        "dependencies": "Write `dependentRequired` for lists of names, and `dependentSchemas` for schemas.",
        "$recursiveRef": "It is `$dynamicRef` today, which is not followed: write `$ref` to the schema that is meant.",
        "$recursiveAnchor": "Write `$anchor`, and `$ref` to it.",
        "additionalItems": "Write `prefixItems` for the first elements, and `items` for those after them.",
        "divisibleBy": "Write `multipleOf`.",
        "disallow": "Write `not` with `type`.",
        "extends": "Write `allOf`.",
    ]
    private static let types = ["null", "boolean", "object", "array", "number", "string", "integer"]

    /// The references, each with the way to the schema that it stands in.
    private var referred: [(text: Located<String>, path: [String])] = []

    mutating func schema(_ node: Node, at path: [String], _ problems: inout Problems) {
        switch node.content {
        case .bool, .pending: return
        case .mapping(let entries):
            guard !path.isEmpty || entries.isEmpty || entries.contains(where: { Self.isMeant($0.key) }) else {
                return problems.report(.saysNothing(entries.map(\.key), node.range.firstLine))
            }
            for entry in entries {
                guard let operand = Self.keywords[entry.key] else {
                    unknown(entry, &problems)
                    continue
                }
                check(entry, operand, path, &problems)
            }
        case .null, .integer, .bigInteger, .number, .string, .sequence:
            problems.report(
                .badSchema("A schema is a map, `true` or `false`, and this is \(node.typeName).", node.range))
        }
    }

    /// Whether it is a keyword, or near one.
    private static func isMeant(_ key: String) -> Bool {
        keywords[key] != nil || earlier[key] != nil || Suggestion.nearest(to: key, among: keywords.keys.sorted()) != nil
    }

    /// A name near a keyword is no annotation that somebody meant: it would be left out silently.
    private func unknown(_ entry: Node.Entry, _ problems: inout Problems) {
        if let fix = Self.earlier[entry.key] {
            return problems.report(
                .badSchema(
                    "`\(entry.key)` is a keyword of an earlier draft, and says nothing in 2020-12.", entry.keyRange,
                    fix: fix))
        }
        guard let nearest = Suggestion.nearest(to: entry.key, among: Self.keywords.keys.sorted()) else { return }
        problems.report(.unknownKeyword(entry.key, nearest, entry.keyRange))
    }

    private mutating func check(
        _ entry: Node.Entry, _ operand: Operand, _ path: [String], _ problems: inout Problems
    ) {
        let (key, node) = (entry.key, entry.value)
        if case .pending = node.content { return }
        let inner = path + [key]
        switch operand {
        case .anything: return
        case .unfollowed:
            problems.report(
                .badSchema(
                    "`\(key)` depends on the way to it, and is not followed.", entry.keyRange,
                    fix: "Write `$ref` to the schema that is meant."))
        case .schema:
            if key == "items", case .sequence = node.content {
                return problems.report(
                    .badSchema("A list of schemas is `prefixItems` in 2020-12; `items` is one schema.", node.range))
            }
            schema(node, at: inner, &problems)
        case .schemas:
            guard case .sequence(let nodes) = node.content, !nodes.isEmpty else {
                return expect("a list of schemas", entry, &problems)
            }
            for (index, element) in nodes.enumerated() { schema(element, at: inner + ["\(index)"], &problems) }
        case .schemaMap, .patternMap:
            guard case .mapping(let entries) = node.content else { return expect("a map of schemas", entry, &problems) }
            for member in entries {
                if operand == .patternMap { pattern(member.key, member.keyRange, &problems) }
                schema(member.value, at: inner + [member.key], &problems)
            }
        case .count:
            guard let number = node.double, number >= 0, number == number.rounded(), node.string == nil else {
                return expect("a whole number from 0", entry, &problems)
            }
        case .number: if node.double == nil || node.string != nil { expect("a number", entry, &problems) }
        case .positive:
            guard let number = node.double, number > 0, node.string == nil else {
                return expect("a number above 0", entry, &problems)
            }
        case .flag: if case .bool = node.content {} else { expect("`true` or `false`", entry, &problems) }
        case .text: text(entry, &problems)
        case .pattern: if let text = text(entry, &problems) { pattern(text, node.range, &problems) }
        case .reference:
            if let text = text(entry, &problems) { referred.append((Located(text, at: node.range), path)) }
        case .list: if case .sequence = node.content {} else { expect("a list", entry, &problems) }
        case .texts: texts(entry, &problems)
        case .textsMap:
            guard case .mapping(let entries) = node.content else {
                return expect("a map of lists of names", entry, &problems)
            }
            for member in entries { texts(member, &problems) }
        case .types: types(entry, &problems)
        }
    }

    @discardableResult
    private func text(_ entry: Node.Entry, _ problems: inout Problems) -> String? {
        guard case .string(let text) = entry.value.content else {
            expect("text", entry, &problems)
            return nil
        }
        if entry.key == "$schema", !text.contains("2020-12") { problems.report(.otherDialect(text, entry.value.range)) }
        return text
    }

    private func texts(_ entry: Node.Entry, _ problems: inout Problems) {
        guard case .sequence(let nodes) = entry.value.content, nodes.allSatisfy({ $0.string != nil }) else {
            return expect("a list of names", entry, &problems)
        }
    }

    private func types(_ entry: Node.Entry, _ problems: inout Problems) {
        let nodes: [Node] =
            if case .sequence(let nodes) = entry.value.content { nodes } else { [entry.value] }
        guard !nodes.isEmpty else { return expect("a type, or a list of types", entry, &problems) }
        for node in nodes where !Self.types.contains(node.string ?? "") {
            let said = node.string.map { "`\($0)`" } ?? node.typeName
            let nearest = node.string.flatMap { Suggestion.nearest(to: $0, among: Self.types) }
            problems.report(
                .badSchema(
                    "\(said) is no type of JSON; they are \(Self.types.listed).", node.range,
                    fix: nearest.map { "Did you mean `\($0)`?" }))
        }
    }

    private func pattern(_ text: String, _ range: SourceRange, _ problems: inout Problems) {
        do throws(MalformedPattern) {
            _ = try Pattern(text)
        } catch {
            problems.report(.badSchema("`\(text)` is not a regular expression: \(error.reason).", range))
        }
    }

    private func expect(_ wanted: String, _ entry: Node.Entry, _ problems: inout Problems) {
        let said = entry.value.double.map { "`\($0.plain)`" } ?? entry.value.typeName
        problems.report(
            .badSchema("`\(entry.key)` of a schema is \(wanted), and this is \(said).", entry.value.range))
    }

    /// Reports references that lead out of the schema, or nowhere.
    func references(in root: Value, _ problems: inout Problems) {
        for (text, path) in referred {
            let resource = Self.resource(at: path, in: root)
            guard SchemaResource.target(of: text.value, in: resource, of: root) == nil else { continue }
            problems.report(
                text.value.hasPrefix("#")
                    ? .badSchema("The schema has nothing at `\(text.value)`.", text.range)
                    : .badSchema(
                        "`\(text.value)` leads out of the schema, and nothing is fetched.", text.range,
                        fix: "Put the other schema under `$defs`, and write `#/$defs/NAME`."))
        }
    }

    /// The innermost schema with an `$id` on a way into a schema.
    private static func resource(at path: [String], in root: Value) -> Value {
        var (value, resource) = (root, root)
        for key in path {
            let element = Int(key).flatMap { index in
                value.array.flatMap { $0.indices.contains(index) ? $0[index] : nil }
            }
            guard let next = element ?? value[key] else { break }
            value = next
            if value["$id"] != nil { resource = value }
        }
        return resource
    }
}

extension Diagnostic {
    fileprivate static func badSchema(_ detail: String, _ range: SourceRange, fix: String? = nil) -> Diagnostic {
        Diagnostic(
            "bad-schema", "Unusable JSON schema", detail: detail, fix: fix ?? "Correct the schema.", at: range)
    }

    fileprivate static func saysNothing(_ keys: [String], _ range: SourceRange) -> Diagnostic {
        .badSchema(
            "\(keys.listed) \(keys.count == 1 ? "is no keyword" : "are no keywords") of JSON Schema, so that everything "
                + "would fit.",
            range,
            fix: keys == ["file"] ? "Write the schema itself here." : "Write, for example, `type: object`.")
    }

    fileprivate static func unknownKeyword(_ key: String, _ nearest: String, _ range: SourceRange) -> Diagnostic {
        Diagnostic(
            "unknown-keyword", "Unknown keyword of a JSON schema",
            detail: "`\(key)` says nothing in a schema, so that it is left out.", fix: "Did you mean `\(nearest)`?",
            at: range, severity: .warning)
    }

    fileprivate static func otherDialect(_ dialect: String, _ range: SourceRange) -> Diagnostic {
        Diagnostic(
            "other-dialect", "Another dialect of JSON Schema",
            detail: "`\(dialect)` is named, and the schema is read as 2020-12.",
            fix: "Write `https://json-schema.org/draft/2020-12/schema`, or leave it out.", at: range, severity: .warning
        )
    }
}
