package import Engine
package import Language

/// A model of the server, under a name within the stack; with a provider, one that is registered where servers support
/// that.
///
///     models:
///       chat: {id: ollama/llama3.2:1b, type: llm}
///       embedder: {id: all-minilm, type: embedding, dimension: 384, provider: sentence-transformers,
///                 providerModel: all-MiniLM-L6-v2}
package struct ModelSpec: DeclaredSpec {
    package static let noun = "a model"
    private static let idKey = Key<Located<String>>(
        "id", .located(.someText), required: true, example: "ollama/llama3.2:1b",
        "The server's id of the model; agents and vector stores that name the model get it.")
    private static let typeKey = Key<Located<String>>(
        "type", .located(.choice(["llm", "embedding"])), example: "llm", "What the model is for.")
    private static let providerKey = Key<Located<String>>(
        "provider", .located(.someText), example: "sentence-transformers", "The server's provider that runs it.")
    private static let providerModelKey = Key<String>(
        "providerModel", .someText, example: "all-MiniLM-L6-v2", "What the provider calls it.")
    private static let dimensionKey = Key<Int>(
        "dimension", .integer(minimum: 1), example: "384", "The length of an embedding model's vectors.")
    private static let metadataKey = Key<Value>("metadata", .metadata, "What the provider is told beside.")
    private static let ignoreKey = Common.ignoreKey(.map("metadata"))
    package static let fields =
        Common.fields + [
            ignoreKey.field,
            idKey.field, typeKey.field, providerKey.field, providerModelKey.field, dimensionKey.field,
            metadataKey.field,
        ]

    package static let rules = [
        FieldRule.needs(
            "providerModel", "provider", because: "A provider's name for a model means nothing without it."),
        .needs("metadata", "provider", because: "Only what is registered takes metadata, and a provider runs it."),
    ]

    package let common: Common
    let id: Located<String>
    let type: Located<String>?
    let provider: Located<String>?
    let providerModel: String?
    let dimension: Int?
    let metadata: Value?

    package init(from fields: inout Fields) {
        common = Common(from: &fields, ignoring: Self.ignoreKey)
        let missing = Located("", at: fields.node.range)
        id = fields.require(Self.idKey, else: missing)
        type = fields.read(Self.typeKey)
        provider = fields.read(Self.providerKey)
        providerModel = fields.read(Self.providerModelKey)
        dimension = fields.read(Self.dimensionKey)
        metadata = fields.read(Self.metadataKey)
    }

    package var serverID: String? { id.value }
}

extension Reading where Value == Language.Value {
    /// Metadata of a model for its provider: keys that begin with `drover.` are reserved for drover.
    fileprivate static var metadata: Reading {
        Reading.map.map { value, node, problems in
            for entry in node.entries ?? [] where entry.key.hasPrefix("drover.") {
                problems.report(.reservedTag(entry.key, entry.keyRange))
            }
            return value
        }
    }
}
