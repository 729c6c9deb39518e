package import Engine
package import Language
import Wire

/// A vector store with its documents.
///
///     vectorStores:
///       handbook: {embeddingModel: all-minilm, documents: [docs/**/*.md]}
package struct VectorStoreSpec: DeclaredSpec {
    package static let noun = "a vector store"
    private static let modelKey = Key<Located<String>>(
        "embeddingModel", .name(of: "models", orID: true), required: true, example: "all-minilm",
        "The embedding model: a declared model's name, or a server's id; a change replaces the store.")
    private static let dimensionKey = Key<Int>(
        "embeddingDimension", .integer(minimum: 1), "The length of its vectors; the server knows it by default.")
    private static let providerKey = Key<Located<String>>(
        "provider", .located(.someText), example: "faiss",
        "The server's provider of vector stores; its default otherwise.")
    private static let chunkingKey = Key<ChunkingSpec>(
        "chunking", ChunkingSpec.reading, default: "auto",
        "How documents are cut into passages; a change replaces the store.")
    private static let metadataKey = Key<[Entry<String>]>(
        "metadata", .tags, example: "{audience: public}", "Notes on the store.")
    private static let expiryKey = Key<Duration>(
        "expiresAfter", .duration, example: "30d", "When the server may drop it, after its last use; whole days.")
    private static let documentsKey = Key<[DocumentSpec]>(
        "documents", .list(DocumentSpec.reading), example: "[docs/**/*.md]", "What can be found in it.")
    private static let updateKey = Key<String>(
        "update", .choice(["inPlace", "newFirst"]), default: "inPlace",
        "Whether changed documents change the store, or build a new one beside it.")
    private static let ignoreKey = Common.ignoreKey(.map("metadata"), .field("expiresAfter"))
    package static let fields =
        Common.fields + [
            ignoreKey.field,
            modelKey.field, dimensionKey.field, providerKey.field, chunkingKey.field, metadataKey.field,
            expiryKey.field, documentsKey.field, updateKey.field,
        ]

    package let common: Common
    let embeddingModel: Located<String>
    let embeddingDimension: Int?
    let provider: Located<String>?
    let chunking: ChunkingSpec
    let metadata: [String: String]
    let expiresAfterDays: Int?
    let documents: [DocumentSpec]
    let buildsNewFirst: Bool
    private let found = FoundDocuments()

    package var uses: [Use] { embeddingModel.uses(ModelResource.kind, orID: true) }

    package init(from fields: inout Fields) {
        common = Common(from: &fields, ignoring: Self.ignoreKey)
        let missing = Located("", at: fields.node.range)
        embeddingModel = fields.require(Self.modelKey, else: missing)
        embeddingDimension = fields.read(Self.dimensionKey)
        provider = fields.read(Self.providerKey)
        chunking = fields.read(Self.chunkingKey) ?? .auto
        metadata = (fields.read(Self.metadataKey) ?? []).dictionary
        let expiry = fields.read(Self.expiryKey)
        expiresAfterDays = expiry.map { Int($0 / .seconds(86400)) }
        documents = fields.read(Self.documentsKey) ?? []
        buildsNewFirst = fields.read(Self.updateKey) == "newFirst"
        if let expiry, expiry < .seconds(86400), let range = fields.range(of: "expiresAfter") {
            fields.problems.report(.shortExpiry(range))
        }
    }

    /// The documents that its list stands for, as of the first call.
    func documents(in folder: SpecFolder) throws(Diagnostics) -> [Document] {
        try found.all(of: documents, in: folder)
    }

    package func problems(in folder: SpecFolder) -> [Diagnostic] {
        do throws(Diagnostics) {
            _ = try documents(in: folder)
            return []
        } catch {
            return error.all
        }
    }
}

/// How documents are split into passages.
enum ChunkingSpec: Sendable, Hashable {
    case auto
    case fixed(maxTokens: Int, overlap: Int)

    static let reading = Reading<ChunkingSpec>.either(
        [
            Reading<String>.choice(["auto"]).map { _, _, _ in .auto },
            Reading<FixedChunking>.object().map { fixed, _, _ in
                .fixed(maxTokens: fixed.maxTokens, overlap: fixed.overlap)
            },
        ], expected: "`auto`, or a map with `maxTokens` and `overlap`")

    /// Its part in a document's mark; null for the servers' own default, which is 800 and 400 tokens.
    var identity: Value {
        guard case .fixed(let maxTokens, let overlap) = self, (maxTokens, overlap) != (800, 400) else { return .null }
        return ["maxTokens": .integer(maxTokens), "overlap": .integer(overlap)]
    }

    /// As a plan shows it.
    var told: Value {
        identity == .null ? "auto" : identity
    }
}

extension ChunkingSpec {
    /// The chunking that a server shows for a document.
    init(_ chunking: LlamaStack.Chunking) {
        switch chunking {
        case .auto: self = .auto
        case .fixed(let maxTokens, let overlap): self = .fixed(maxTokens: maxTokens, overlap: overlap)
        }
    }
}

/// Passages of a fixed size.
struct FixedChunking: SpecDecodable {
    static let noun = "a chunking"
    private static let maxKey = Key<Int>(
        "maxTokens", .integer(minimum: 100, maximum: 4096), required: true, example: "800",
        "The size of a passage, in tokens.")
    private static let overlapKey = Key<Int>(
        "overlap", .integer(minimum: 0), default: "0", "How many tokens neighbouring passages share.")
    static let fields = [maxKey.field, overlapKey.field]

    let maxTokens: Int
    let overlap: Int

    init(from fields: inout Fields) {
        maxTokens = fields.require(Self.maxKey, else: 800)
        overlap = fields.read(Self.overlapKey) ?? 0
        if overlap > maxTokens / 2, let range = fields.range(of: "overlap") {
            fields.problems.report(.largeOverlap(overlap, maxTokens, range))
        }
    }
}

extension Diagnostic {
    fileprivate static func largeOverlap(_ overlap: Int, _ maxTokens: Int, _ range: SourceRange) -> Diagnostic {
        Diagnostic(
            "large-overlap", "Overlap too large",
            detail: "Passages of \(maxTokens) tokens cannot share \(overlap): servers take at most half of the size.",
            fix: "Use at most \(maxTokens / 2).", at: range)
    }

    fileprivate static func shortExpiry(_ range: SourceRange) -> Diagnostic {
        Diagnostic(
            "short-expiry", "Expiry shorter than a day", detail: "Servers count the expiry of a store in whole days.",
            fix: "Use at least `1d`.", at: range)
    }
}
