package import Language

/// A declared prompt as an agent's instructions.
package struct PromptUse: Sendable {
    let name: Located<String>
    /// nil for the newest.
    let version: Int?
    /// The values of the prompt's own variables.
    let values: [Entry<String>]
}

/// `{file: PATH}` or `{prompt: support-system, version: 3, with: {product: Acme}}`.
struct InstructionSource: SpecDecodable {
    static let noun = "an `instructions`"
    private static let fileKey = Key<Located<String>>(
        "file", .path, example: "prompts/support.md", "The file that holds the text.")
    private static let promptKey = Key<Located<String>>(
        "prompt", .name(of: PromptSpec.kind), example: "support-system", "The declared prompt that holds the text.")
    private static let versionKey = Key<Int>(
        "version", .integer(minimum: 1), default: "the newest", example: "3", "The version of the prompt.")
    private static let withKey = Key<[Entry<String>]>(
        "with", .map(.text), example: "{product: Acme}", "What the `{{variables}}` of the prompt stand for.")
    static let fields = [fileKey.field, promptKey.field, versionKey.field, withKey.field]
    static let rules = [
        FieldRule.exactlyOne(["file", "prompt"]),
        .needs("version", "prompt", because: "Files have no versions."),
        .needs("with", "prompt", because: "Only prompts have variables."),
    ]

    let instructions: InstructionsSpec

    init(from fields: inout Fields) {
        let version = fields.read(Self.versionKey)
        let values = fields.read(Self.withKey) ?? []
        if let name = fields.read(Self.promptKey) {
            instructions = .prompt(PromptUse(name: name, version: version, values: values))
        } else {
            let missing = Located("", at: fields.node.range)
            instructions = .file(fields.read(Self.fileKey) ?? missing)
        }
    }
}

/// `{jsonSchema: {type: object, …}}`.
struct ResponseFormatSpec: SpecDecodable {
    static let noun = "a response format"
    private static let schemaKey = Key<Value>(
        "jsonSchema", .map, required: true, example: "{type: object, properties: {days: {type: integer}}}",
        "The JSON schema that every answer follows.")
    static let fields = [schemaKey.field]

    let jsonSchema: Value

    init(from fields: inout Fields) {
        jsonSchema = fields.require(Self.schemaKey, else: [:])
    }
}

/// `{id: …}`: an existing agent of the server; an empty id means none.
struct ExistingAgentSpec: SpecDecodable {
    static let noun = "an `existing`"
    private static let idKey = Key<Located<String>>(
        "id", .located(.text), required: true, example: "\"${env.LLAMASTACK_AGENT_ID:-}\"",
        "The server's id of the agent; where it is empty, the definition beside it is used.")
    static let fields = [idKey.field]

    let id: Located<String>?

    init(from fields: inout Fields) {
        id = fields.read(Self.idKey)
    }
}

extension AgentSpec {
    package func problems(in folder: SpecFolder) -> [Diagnostic] {
        guard case .file(let path) = instructions else { return [] }
        return folder.problems(withText: path)
    }
}
