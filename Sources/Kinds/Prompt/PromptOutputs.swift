import Engine
import Language

/// The outputs of a prompt, from which an agent makes its instructions:
///
///     {"name": "support", "version": 3, "uri": "prompts:/support/3", "template": "Help {{name}}.", "versions": {…}}
struct PromptOutputs {
    let values: [String: Output]

    init(name: String, versions: [PromptVersion], current: PromptVersion?) {
        let texts = versions.map { (String($0.number), $0.content.value) }
        var values: [String: Output] = [
            "name": .string(name), "versions": .plain(.object(Dictionary(texts) { first, _ in first })),
        ]
        if let current {
            values["version"] = .integer(current.number)
            values["uri"] = .string("prompts:/\(name)/\(current.number)")
            values["template"] = .plain(current.content.value)
        }
        self.values = values
    }
}

/// The instructions that a prompt gives an agent.
struct PromptedInstructions {
    /// nil while it is known only after apply.
    var text: String?
    /// `prompts:/support/3`; nil while it is known only after apply.
    var uri: String?

    /// - Throws: `Diagnostic` at the reference, when there is no such version or the prompt does not fit.
    init(_ use: PromptUse, given outputs: [String: Output]?) throws(Diagnostic) {
        guard let outputs, let name = outputs["name"]?.string else { return }
        var template = outputs["template"]?.plain
        uri = outputs["uri"]?.string
        if let version = use.version {
            template = outputs["versions"]?[String(version)]
            uri = "prompts:/\(name)/\(version)"
            guard template != nil else { throw .noSuchVersion(version, use, outputs["versions"]?.object ?? [:]) }
        }
        guard let content = template.flatMap({ PromptContent($0) }) else { return }
        text = try use.instructions(from: content)
    }
}

extension PromptUse {
    /// The instructions from a prompt's content with the values of this use.
    /// - Throws: `Diagnostic` at the reference, when a variable has no value, a value has no variable, or the prompt is
    ///   not text.
    func instructions(from content: PromptContent) throws(Diagnostic) -> String {
        guard let text = content.instructions else { throw .promptIsChat(name) }
        guard !text.contains("{%") else { throw .promptIsProgram(name) }
        let variables = PromptContent.text(text).variables
        let missing = variables.filter { variable in !values.contains { $0.key == variable } }
        guard missing.isEmpty else { throw .missingVariables(missing, name) }
        if let extra = values.first(where: { !variables.contains($0.key) }) {
            throw PromptContent.isMention(of: extra.key, in: text)
                ? .notAVariable(extra, name.value) : .unknownPromptVariable(extra, name.value, variables)
        }
        return PromptContent.rendered(text, with: values.dictionary)
    }
}

extension Diagnostic {
    fileprivate static func missingVariables(_ missing: [String], _ name: Located<String>) -> Diagnostic {
        let example = missing.map { "\($0): …" }.joined(separator: ", ")
        return Diagnostic(
            "missing-prompt-variable", "Variable of a prompt without a value",
            detail: "The prompt `\(name.value)` needs \(missing.listed), which `with` does not say.",
            fix: "Add `with: {\(example)}`.", at: name.range)
    }

    fileprivate static func unknownPromptVariable(
        _ extra: Entry<String>, _ name: String, _ variables: [String]
    ) -> Diagnostic {
        Diagnostic(
            "unknown-prompt-variable", "Value for a variable that the prompt does not have",
            detail: "The prompt `\(name)` has no variable `\(extra.key)`.",
            fix: Suggestion.nearest(to: extra.key, among: variables).map { "Did you mean `\($0)`?" }
                ?? (variables.isEmpty
                    ? "Remove it, or write `{{\(extra.key)}}` in the prompt." : "Use one of \(variables.listed)."),
            at: extra.keyRange)
    }

    fileprivate static func notAVariable(_ extra: Entry<String>, _ name: String) -> Diagnostic {
        let other = PromptContent.variableName(like: extra.key)
        return Diagnostic(
            "unknown-prompt-variable", "Value for a variable that the prompt does not have",
            detail:
                "The prompt `\(name)` has `{{\(extra.key)}}`, but MLflow takes that for text: the name of a variable "
                + "holds letters, digits and `_`, starts with no digit, and may be joined of such names by dots.",
            fix: "Rename it in both places, for example to `\(other)`.", at: extra.keyRange)
    }

    fileprivate static func promptIsChat(_ name: Located<String>) -> Diagnostic {
        Diagnostic(
            "prompt-is-chat", "A chat cannot be instructions",
            detail: "The prompt `\(name.value)` is a chat, and an agent's instructions are one text.",
            fix: "Name a prompt that is a text, or a chat of a single `system` message.", at: name.range)
    }

    fileprivate static func promptIsProgram(_ name: Located<String>) -> Diagnostic {
        Diagnostic(
            "prompt-is-jinja", "A Jinja template cannot be instructions",
            detail: "The prompt `\(name.value)` holds `{% … %}`, which drover does not carry out.",
            fix: "Name a prompt that has `{{variables}}` only.", at: name.range)
    }

    fileprivate static func noSuchVersion(_ version: Int, _ use: PromptUse, _ versions: [String: Value]) -> Diagnostic {
        let numbers = versions.keys.compactMap { Int($0) }.sorted().map(String.init)
        return Diagnostic(
            "unknown-prompt-version", "Unknown version of a prompt",
            detail: "The prompt `\(use.name.value)` has no version \(version) whose text can be used.",
            fix: numbers.isEmpty ? "Leave `version` out." : "Use one of \(numbers.suffix(12).listed), or leave it out.",
            at: use.name.range)
    }
}
