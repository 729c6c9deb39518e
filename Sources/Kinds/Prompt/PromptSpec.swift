package import Engine
package import Language
import Wire

/// A prompt of MLflow's registry: a template with `{{double braces}}` of its own.
///
///     prompts:
///       support-system: {template: {file: prompts/support.md}, alias: production}
package struct PromptSpec: DeclaredSpec {
    package static let kind = "prompts"
    package static let noun = "a prompt"
    private static let templateKey = Key<PromptTemplate>(
        "template", PromptTemplate.reading, required: true, example: "You help customers of {{product}}.",
        "The text, `{file: PATH}`, or a list of messages; `{{double braces}}` are the prompt's own variables.")
    private static let tagsKey = Key<[Entry<String>]>(
        "tags", .tags(of: MLflowRules.prompt), example: "{team: support}", "Tags of the prompt.")
    private static let aliasKey = Key<String>(
        "alias", .alias, example: "production", "The alias that points at the version that says this.")
    private static let ignoreKey = Common.ignoreKey(
        .field("description"), .map("tags"), .field("template"), .field("alias"))
    package static let fields = Common.fields + [ignoreKey.field, templateKey.field, tagsKey.field, aliasKey.field]

    package let common: Common
    let template: PromptTemplate
    /// Whether the template contains a mistake.
    let isTemplateDoubtful: Bool
    let tags: [String: String]
    let alias: String?

    package init(from fields: inout Fields) {
        common = Common(from: &fields, ignoring: Self.ignoreKey)
        template = fields.require(Self.templateKey, else: .text(""))
        isTemplateDoubtful = fields.isDoubtful(Self.templateKey)
        tags = (fields.read(Self.tagsKey) ?? []).dictionary
        alias = fields.read(Self.aliasKey)
        if let name = common.name, !MLflowRules.isPromptName(name) {
            fields.problems.report(.badPromptName(name, at: fields.keyRange(of: Common.nameKey.field.name)))
        } else {
            fields.checkName(common, of: "a prompt", MLflowRules.problem(withModelName:))
        }
        fields.checkDescription(common)
    }

    package func problems(in folder: SpecFolder) -> [Diagnostic] {
        // The path is missing, which is reported.
        if case .file(let path) = template, path.value.isEmpty { return [] }
        do throws(Diagnostic) {
            let content = try template.content(in: folder)
            let length = content.stored.unicodeScalars.count
            let mentions = content.mentions.map { Diagnostic.noVariable($0, at: template.place) }
            return length > MLflowModelVersion.longestPromptText ? [.longPrompt(length)] + mentions : mentions
        } catch {
            return [error]
        }
    }
}

/// The content of a prompt in the spec.
enum PromptTemplate: Sendable {
    case text(String)
    case file(Located<String>)
    case messages([PromptMessage])

    /// Where its file is named.
    var place: SourceRange? {
        switch self {
        case .file(let path): path.range
        case .text, .messages: nil
        }
    }

    /// The content, with files read.
    func content(in folder: SpecFolder) throws(Diagnostic) -> PromptContent {
        switch self {
        case .text(let text): .text(text)
        case .file(let path): .text(try folder.text(of: path))
        case .messages(let messages): .chat(messages.map { .init(role: $0.role, content: $0.content) })
        }
    }

    static let reading = Reading<PromptTemplate>.either(
        [
            Reading<String>.someText.map { text, _, _ in .text(text) },
            Reading<TextFile>.object().map { file, _, _ in .file(file.path) },
            Reading<[PromptMessage]>.list(.object(), minimum: 1).map { messages, _, _ in .messages(messages) },
        ], expected: "text, a map with `file`, or a list of messages")
}

/// One message of a chat prompt: `{role: system, content: Be brief.}`.
struct PromptMessage: SpecDecodable {
    static let noun = "a message"
    private static let roleKey = Key<String>(
        "role", .choice(["system", "user", "assistant"]), required: true, example: "system", "Who says it.")
    private static let contentKey = Key<String>(
        "content", .someText, required: true, example: "You help customers of {{product}}.", "What is said.")
    static let fields = [roleKey.field, contentKey.field]

    let role: String
    let content: String

    init(from fields: inout Fields) {
        role = fields.require(Self.roleKey, else: "system")
        content = fields.require(Self.contentKey, else: "")
    }
}

extension Reading where Value == String {
    /// The name of an alias, as MLflow accepts it.
    static var alias: Reading {
        Reading<Located<String>>.located(.someText).map { alias, _, problems in
            guard alias.value.utf8.count <= MLflowRules.longestAlias else {
                problems.report(.longAlias(alias))
                return nil
            }
            guard !MLflowRules.isAlias(alias.value) else { return alias.value }
            problems.report(.badAlias(alias))
            return nil
        }.shaped(.text(pattern: "^(?![lL][aA][tT][eE][sS][tT]$|[vV][0-9]+$)[A-Za-z0-9_-]{1,255}$"))
    }
}

extension Diagnostic {
    fileprivate static func noVariable(_ name: String, at range: SourceRange?) -> Diagnostic {
        var diagnostic = Diagnostic(
            "no-prompt-variable", "Text that looks like a variable of the prompt",
            detail: "MLflow takes `{{\(name)}}` for text, and nothing is put in its place: the name of a variable "
                + "holds letters, digits and `_`, starts with no digit, and may be joined of such names by dots.",
            fix: "Rename it, for example to `\(PromptContent.variableName(like: name))`, if it is meant as a variable.",
            at: range)
        diagnostic.severity = .warning
        return diagnostic
    }

    fileprivate static func badAlias(_ alias: Located<String>) -> Diagnostic {
        Diagnostic(
            "bad-alias", "Unusable alias",
            detail:
                "`\(alias.value)` cannot be an alias: MLflow takes letters, digits, `_` and `-`, and keeps `latest` "
                + "and `v1`, `v2`, … for itself.",
            fix: "Choose another one, such as `production`.", at: alias.range)
    }

    fileprivate static func longAlias(_ alias: Located<String>) -> Diagnostic {
        Diagnostic(
            "bad-alias", "Unusable alias",
            detail:
                "It has \(alias.value.utf8.count) characters, and MLflow takes at most \(MLflowRules.longestAlias).",
            fix: "Choose a shorter one, such as `production`.", at: alias.range)
    }

    fileprivate static func badPromptName(_ name: String, at range: SourceRange?) -> Diagnostic {
        Diagnostic(
            "bad-name", "Unusable name",
            detail: "`\(name)` cannot name a prompt: MLflow takes letters, digits, `_`, `-` and `.`.",
            fix: "Choose another name.", at: range)
    }

    fileprivate static func longPrompt(_ length: Int) -> Diagnostic {
        Diagnostic(
            "long-prompt", "Prompt too long",
            detail: "It has \(length) characters, and MLflow takes at most \(MLflowModelVersion.longestPromptText).",
            fix: "Shorten it.")
    }
}
