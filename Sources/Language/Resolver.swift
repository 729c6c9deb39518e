/// Substitutes references in a tree: variables and the environment become scalars, the rest stays a template.
///
/// What cannot be resolved is reported and stays pending: a reference that was reported is one of `isReported`.
struct Resolver {
    private(set) var diagnostics: [Diagnostic] = []
    /// What was reported already: an alias may repeat one mistake many times.
    private var reported: Set<Diagnostic> = []
    private let values: [String: Value]
    /// The declared names; nil where variables are not allowed.
    private let names: [String]?
    private let environment: [String: String]
    /// The index in `diagnostics` for each environment variable that is not set, so that it is reported once.
    private var unset: [String: Int] = [:]

    /// Where a reference stands; its range is made only when something is reported.
    private struct Place {
        let template: LocatedTemplate
        var index: Int

        var range: SourceRange { template.range(ofReference: index) }
    }

    private enum Resolution {
        case known(Value)
        case later
        case failed
    }

    init(values: [String: Value], names: [String]?, environment: [String: String]) {
        self.values = values
        self.names = names
        self.environment = environment
    }

    /// The tree with all known values substituted. Keys are left as they are, and so is what is under free keys
    /// (`x-…`) where the shape says that the fields are drover's.
    mutating func resolve(_ node: Node, as shape: Shape = .data()) -> Node {
        changed(node, shape) ?? node
    }

    /// nil when nothing changes, so that most of a tree is not copied.
    private mutating func changed(_ node: Node, _ shape: Shape) -> Node? {
        switch node.content {
        case .null, .bool, .integer, .bigInteger, .number, .pending:
            return nil
        case .string(let text):
            return resolved(text, node)
        case .sequence(let elements):
            let shape = shape.ofElements(of: node)
            var changes = elements
            var isChanged = false
            for (index, element) in elements.enumerated() {
                guard let change = changed(element, shape) else { continue }
                changes[index] = change
                isChanged = true
            }
            return isChanged ? Node(.sequence(changes), at: node.range) : nil
        case .mapping(let entries):
            var changes = entries
            var isChanged = false
            let members = shape.members(of: node)
            for (index, entry) in entries.enumerated() {
                guard let shape = members.shape(of: entry.key), let change = changed(entry.value, shape) else {
                    continue
                }
                changes[index].value = change
                isChanged = true
            }
            return isChanged ? Node(.mapping(changes), at: node.range) : nil
        }
    }

    private mutating func resolved(_ text: String, _ node: Node) -> Node? {
        do throws(Diagnostic) {
            guard let template = try References.located(text, at: node.range) else { return nil }
            return resolved(template, node)
        } catch {
            _ = fail(error)
            return Node(.pending(Template([.reference(.unreadable)])), at: node.range)
        }
    }

    private mutating func resolved(_ located: LocatedTemplate, _ node: Node) -> Node {
        let template = located.template
        var parts: [Template.Part] = []
        var known: [Value] = []
        var place = Place(template: located, index: -1)
        for part in template.parts {
            switch part {
            case .literal(let text):
                parts.append(.literal(text))
                known.append(.string(text))
            case .reference(let reference):
                place.index += 1
                guard case .known(let value) = resolution(of: reference, at: place) else {
                    parts.append(part)
                    continue
                }
                parts.append(.literal(value.inText))
                known.append(value)
            }
        }
        guard known.count == parts.count else { return Node(.pending(Template(parts.joined())), at: node.range) }
        let isWhole = template.parts.count == 1
        let value = isWhole ? known.first ?? .string("") : .string(known.map(\.inText).joined())
        var result = Node(value.content, at: node.range)
        result.isFromEnvironment = isWhole && template.references.first?.path.first == "env"
        result.isFromVariable = isWhole && template.references.first?.path.first == "var"
        return result
    }

    private mutating func resolution(of reference: Reference, at place: Place) -> Resolution {
        let path = reference.path
        if path.count > 1, path[0] != "env", reference.fallback != nil {
            return fail(
                .malformed(
                    reference, "Only `${env.NAME:-default}` takes a default.",
                    "Give the variable a `default` under `variables`.", place.range))
        }
        switch path[0] {
        case "var":
            return variable(reference, at: place)
        case "env":
            guard path.count == 2 else {
                return fail(.malformed(reference, "`env` takes one name.", "Write `${env.NAME}`.", place.range))
            }
            return environmentVariable(path[1], fallback: reference.fallback, at: place)
        case _ where path.count == 1:
            let isVariable = names?.contains(path[0]) ?? false
            let fix =
                isVariable
                ? "Did you mean `${var.\(path[0])}`?"
                : "Write `${env.\(path[0])}` for an environment variable, or `$${` for a literal `${`."
            return fail(
                .malformed(
                    reference, "A reference says what it names: `var`, `env`, `row`, `matrix`, `capture` or a kind.",
                    fix, place.range))
        case _:
            return .later
        }
    }

    private mutating func variable(_ reference: Reference, at place: Place) -> Resolution {
        guard reference.path.count == 2 else {
            return fail(.malformed(reference, "`var` takes one name.", "Write `${var.NAME}`.", place.range))
        }
        let name = reference.path[1]
        guard let names else {
            return fail(
                .malformed(
                    reference, "The default of a variable cannot use another variable.",
                    "Write the value itself, or use `${env.NAME}`.", place.range))
        }
        guard names.contains(name) else { return fail(.unknownVariable(name, among: names, at: place.range)) }
        // A declared variable without a value was reported where it is declared.
        return values[name].map(Resolution.known) ?? .failed
    }

    private mutating func environmentVariable(_ name: String, fallback: String?, at place: Place) -> Resolution {
        if let value = environment[name], fallback == nil || !value.isEmpty { return .known(.string(value)) }
        if let fallback { return .known(.string(fallback)) }
        if let index = unset[name] {
            if diagnostics[index].notes.count < 5 {
                diagnostics[index].notes.append(.init("It is also used here.", at: place.range))
            }
            return .failed
        }
        unset[name] = diagnostics.count
        return fail(
            Diagnostic(
                "unset-environment", "Environment variable not set",
                detail: "The environment variable `\(name)` is not set.",
                fix: "Set it, or write a default: `${env.\(name):-…}`.", at: place.range))
    }

    private mutating func fail(_ diagnostic: Diagnostic) -> Resolution {
        if reported.insert(diagnostic).inserted { diagnostics.append(diagnostic) }
        return .failed
    }
}

/// What stands under the keys of a map.
private enum Members {
    /// Fields of drover.
    case fields([Field])
    /// Keys of the user, each with a value of one shape.
    case free(Shape)

    /// The shape of the value of a key; nil when drover has no use for it.
    func shape(of key: String) -> Shape? {
        switch self {
        case .fields(let fields): fields.shape(of: key)
        case .free(let shape): shape
        }
    }
}

extension [Field] {
    /// The shape of the value of a key of a map with these fields; nil for a free key.
    func shape(of key: String) -> Shape? {
        // By index, because a field is large.
        if let index = indices.first(where: { self[$0].name == key }) { return self[index].shape }
        return FreeKey.isFree(key) ? nil : .data()
    }
}

extension Shape {
    /// The shape of the elements of a list that is meant as this shape.
    fileprivate func ofElements(of list: Node) -> Shape {
        switch self {
        case .list(let element, _): element
        case .alternatives(let shapes): shapes.first { $0.suits(list) }?.ofElements(of: list) ?? .data()
        case _: .data()
        }
    }

    /// What is under the keys of a map that is meant as this shape.
    fileprivate func members(of map: Node) -> Members {
        switch self {
        case .object(let type): .fields(type.fields)
        case .secret: .fields(SecretFields.fields)
        case .map(let element, _): .free(element)
        case .alternatives(let shapes): shapes.first { $0.suits(map) }?.members(of: map) ?? .free(.data())
        case _: .free(.data())
        }
    }
}

extension [Template.Part] {
    /// The parts, with adjacent literals joined.
    fileprivate func joined() -> [Template.Part] {
        var result: [Template.Part] = []
        for part in self {
            if case .literal(let text) = part, case .literal(let before)? = result.last {
                result[result.count - 1] = .literal(before + text)
            } else {
                result.append(part)
            }
        }
        return result
    }
}

extension Value {
    /// The value of a variable inside a text: a whole number without `.0`, as its author wrote it.
    fileprivate var inText: String {
        guard case .number = self, let whole = integer else { return interpolated }
        return String(whole)
    }

    /// The value as the content of a node without places; only scalars come from variables and the environment.
    fileprivate var content: Node.Content {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .integer(let value): .integer(value)
        case .bigInteger(let digits): .bigInteger(digits)
        case .number(let value): .number(value)
        case .string(let text): .string(text)
        case .array, .object: .string(canonicalJSON)
        }
    }
}

extension Diagnostic {
    fileprivate static func malformed(
        _ reference: Reference, _ detail: String, _ fix: String, _ range: SourceRange
    ) -> Diagnostic {
        Diagnostic(
            "malformed-reference", "Malformed reference",
            detail: "`${\(shortened(reference.text))}` cannot be read. \(detail)", fix: fix, at: range)
    }
}
