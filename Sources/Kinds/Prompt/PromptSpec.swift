package import Engine
package import Language

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
        "tags", .map(.text), example: "{team: support}", "Tags of the prompt.")
    private static let aliasKey = Key<String>(
        "alias", .someText, example: "production", "The alias that points at the newest applied version.")
    package static let fields = Common.fields + [templateKey.field, tagsKey.field, aliasKey.field]

    package let common: Common
    let template: PromptTemplate
    let tags: [String: String]
    let alias: String?

    package init(from fields: inout Fields) {
        common = Common(from: &fields)
        template = fields.require(Self.templateKey, else: .text(""))
        tags = (fields.read(Self.tagsKey) ?? []).dictionary
        alias = fields.read(Self.aliasKey)
    }

    package var awaited: [Awaited] { [.whole("prompt")] }

    package func problems(in folder: SpecFolder) -> [Diagnostic] {
        guard case .file(let path) = template else { return [] }
        return folder.problems(withText: path)
    }
}

/// What a prompt says.
enum PromptTemplate: Sendable {
    case text(String)
    case file(Located<String>)
    case messages([PromptMessage])

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
