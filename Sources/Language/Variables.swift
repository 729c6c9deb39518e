/// The values that a run gives to variables, beside their defaults.
package struct VariableInputs: Sendable, Hashable {
    /// `NAME=VALUE`, from the command line; they win over files.
    package var assignments: [String]
    /// Paths of YAML or JSON maps; later ones win.
    package var files: [String]

    package init(assignments: [String] = [], files: [String] = []) {
        self.assignments = assignments
        self.files = files
    }
}

/// Gives every declared variable its value: an assignment, then a file, then its `env`, then its `default`.
struct Variables {
    /// The values by name; a variable whose value is wrong or missing is not among them.
    private(set) var values: [String: Value] = [:]
    /// Every declared name, in order.
    private(set) var names: [String] = []
    private(set) var diagnostics: [Diagnostic] = []
    private let environment: [String: String]
    private var assigned: [String: String] = [:]
    private var fromFiles: [String: Node] = [:]
    private var unknownInputs: [(name: String, place: SourceRange?)] = []

    /// Starts without values; an empty environment variable counts as not set, as in `${env.NAME:-default}`.
    init(environment: [String: String]) {
        self.environment = environment
    }

    /// Evaluates `variables:` with assignments `NAME=VALUE` and the documents of the variable files, in order.
    mutating func evaluate(_ declarations: Node?, assignments: [String], files: [Node]) {
        names = declarations?.entries?.map(\.key) ?? []
        for assignment in assignments { assign(assignment) }
        for file in files { add(file) }
        refuseUnknownInputs()
        guard let declarations, declarations.content != .null else { return }
        guard let entries = declarations.entries else {
            diagnostics.append(
                Diagnostic(
                    "not-a-map", "Not a map", detail: "`variables` is a map of names, not \(declarations.typeName).",
                    fix: "Write `name: {type: string}` lines.", at: declarations.range))
            return
        }
        for entry in entries {
            guard let declaration = VariableDeclaration(entry, reporting: &diagnostics) else { continue }
            if let value = value(of: declaration) { values[entry.key] = value }
        }
    }

    private mutating func assign(_ assignment: String) {
        guard let equals = assignment.firstIndex(of: "="), equals > assignment.startIndex else {
            diagnostics.append(
                Diagnostic(
                    "malformed-assignment", "Malformed assignment",
                    detail: "`\(assignment)` is not `NAME=VALUE`.",
                    fix: "Write, for example, `team=support`.", cause: .usage))
            return
        }
        let name = String(assignment[..<equals])
        assigned[name] = String(assignment[assignment.index(after: equals)...])
        if !names.contains(name) { unknownInputs.append((name, nil)) }
    }

    private mutating func add(_ file: Node) {
        guard let entries = file.entries else {
            if file.content != .null { diagnostics.append(.variableFileIsNoMap(file)) }
            return
        }
        for entry in entries {
            fromFiles[entry.key] = entry.value
            if !names.contains(entry.key) { unknownInputs.append((entry.key, entry.keyRange)) }
        }
    }

    private mutating func refuseUnknownInputs() {
        for input in unknownInputs {
            diagnostics.append(.unknownVariable(input.name, among: names, at: input.place, isInput: true))
        }
    }

    /// The first value that is given, if it is valid.
    private mutating func value(of declaration: VariableDeclaration) -> Value? {
        let name = declaration.name
        if let text = assigned[name] {
            return checked(declaration.kind.value(ofText: text), text, "the command line", declaration)
        }
        if let node = fromFiles[name] { return checked(node, declaration) }
        if let variable = declaration.environment, let text = environment[variable], !text.isEmpty {
            return checked(
                declaration.kind.value(ofText: text), text, "environment variable `\(variable)`", declaration)
        }
        if let fallback = declaration.fallback {
            var resolver = Resolver(values: [:], names: nil, environment: environment)
            let node = resolver.resolve(fallback)
            diagnostics += resolver.diagnostics
            return resolver.diagnostics.isEmpty ? checked(node, declaration) : nil
        }
        let choices = (declaration.environment.map { ["set `\($0)`"] } ?? []) + ["write a `default`"]
        diagnostics.append(
            Diagnostic(
                "missing-variable", "Variable without a value",
                detail: "The variable `\(name)` has no default, and no value was given.",
                fix: "Give it a value, or \(choices.joined(separator: ", or ")).", at: declaration.place,
                address: "variables.\(name)"))
        return nil
    }

    private mutating func checked(_ node: Node, _ declaration: VariableDeclaration) -> Value? {
        guard let value = declaration.kind.value(of: node) else {
            diagnostics.append(.wrongType(declaration.name, declaration.kind, node))
            return nil
        }
        return allowed(value, declaration, at: node.range, from: nil)
    }

    private mutating func checked(
        _ value: Value?, _ text: String, _ origin: String, _ declaration: VariableDeclaration
    ) -> Value? {
        guard let value else {
            let kind = declaration.kind
            diagnostics.append(
                Diagnostic(
                    "wrong-variable-type", "Value of another type",
                    detail: """
                        The variable `\(declaration.name)` has the type `\(kind.rawValue)`, and \
                        `\(Diagnostic.shortened(text))` from \(origin) is not \(kind.phrase).
                        """,
                    fix: "Give \(kind.phrase).", at: declaration.place, address: "variables.\(declaration.name)"))
            return nil
        }
        return allowed(value, declaration, at: declaration.place, from: origin)
    }

    /// The value, if it is one of `enum` and matches `pattern`.
    private mutating func allowed(
        _ value: Value, _ declaration: VariableDeclaration, at range: SourceRange, from origin: String?
    ) -> Value? {
        let shown = "`\(Diagnostic.shortened(value.interpolated))`" + (origin.map { " from \($0)" } ?? "")
        if !declaration.choices.isEmpty, !declaration.choices.contains(value) {
            let choices = declaration.choices.map(\.interpolated)
            let nearest = Suggestion.nearest(to: value.interpolated, among: choices)
            diagnostics.append(
                .valueNotAllowed(
                    declaration.name, "\(shown) is not one of `\(choices.joined(separator: "`, `"))`.",
                    fix: nearest.map { "Did you mean `\($0)`?" } ?? "Give one of them.", at: range))
            return nil
        }
        guard let pattern = declaration.pattern, case .string(let text) = value else { return value }
        guard let problem = Self.problem(with: text, shown, pattern, of: declaration.name, at: range) else {
            return value
        }
        diagnostics.append(problem)
        return nil
    }

    /// Why a text does not match a pattern; nil when it does.
    private static func problem(
        with text: String, _ shown: String, _ pattern: (text: String, range: SourceRange), of name: String,
        at range: SourceRange
    ) -> Diagnostic? {
        let source = pattern.text
        guard (try? Regex(source)) != nil else {
            return .invalidVariable(
                name, "`\(source)` is not a regular expression.", at: pattern.range,
                fix: "Correct the pattern; a backslash in double quotes is written `\\\\`.")
        }
        do throws(SearchGivenUp) {
            // It was compiled just now, so that nothing but a match is missing.
            let isMatch = try LimitedMatch.result(of: source, within: .seconds(2)) {
                (try? Regex(source).firstMatch(in: text)) != nil
            }
            guard !isMatch else { return nil }
            return .valueNotAllowed(
                name, "\(shown) does not match the pattern `\(source)`.", fix: "Give a text that matches it.", at: range
            )
        } catch {
            return .valueNotAllowed(
                name, error.reason(source), fix: "Write a pattern without repetitions within each other.", at: range)
        }
    }
}

extension Diagnostic {
    /// A name that no variable has: used in a reference, or (`isInput`) given by the command line or a file.
    static func unknownVariable(
        _ name: String, among names: [String], at range: SourceRange?, isInput: Bool = false
    ) -> Diagnostic {
        let nearest = Suggestion.nearest(to: name, among: names)
        return Diagnostic(
            "unknown-variable", "Unknown variable", detail: "No variable `\(name)` is declared under `variables`.",
            fix: nearest.map { isInput ? "Did you mean `\($0)`?" : "Did you mean `${var.\($0)}`?" }
                ?? "Declare it: `\(name): {type: string}`.",
            at: range)
    }

    fileprivate static func valueNotAllowed(_ name: String, _ detail: String, fix: String, at range: SourceRange)
        -> Diagnostic
    {
        Diagnostic(
            "variable-not-allowed", "Value not allowed",
            detail: "The variable `\(name)` cannot have this value: \(detail)", fix: fix,
            at: range, address: "variables.\(name)")
    }

    fileprivate static func variableFileIsNoMap(_ file: Node) -> Diagnostic {
        Diagnostic(
            "not-a-map", "Not a map", detail: "A variable file is a map of names and values, not \(file.typeName).",
            fix: "Write `name: value` lines.", at: file.range)
    }
}
