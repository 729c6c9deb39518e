package import Engine
package import Language
import Wire

/// A tool that agents may use.
///
///     tools:
///       knowledge: {fileSearch: {vectorStores: [handbook], maxResults: 5}}
///       tickets: {mcp: {url: "http://localhost:9000/mcp", token: {env: TICKETS_TOKEN}}}
package struct ToolSpec: DeclaredSpec {
    package static let noun = "a tool"
    private static let fileSearchKey = Key<FileSearchSpec>(
        "fileSearch", .object(), "Searches the documents of vector stores.")
    private static let mcpKey = Key<MCPSpec>("mcp", .object(), "The tools of an MCP server.")
    package static let fields = Common.fields + [fileSearchKey.field, mcpKey.field]
    package static let exactlyOne = [["fileSearch", "mcp"]]

    package let common: Common
    let fileSearch: FileSearchSpec?
    let mcp: MCPSpec?

    package init(from fields: inout Fields) {
        common = Common(from: &fields)
        fileSearch = fields.read(Self.fileSearchKey)
        mcp = fields.read(Self.mcpKey)
    }

    package var uses: [Use] {
        (fileSearch?.vectorStores ?? []).map { Use(VectorStoreResource.kind, $0) }
    }
}

/// Search in documents: runs on the server, before the model answers.
package struct FileSearchSpec: SpecDecodable {
    package static let noun = "a file search"
    private static let storesKey = Key<[Located<String>]>(
        "vectorStores", .list(.name(of: VectorStoreResource.kind), minimum: 1), required: true, example: "[handbook]",
        "The vector stores that are searched.")
    private static let maxKey = Key<Int>(
        "maxResults", .integer(minimum: 1, maximum: 50), "The most passages that one search gives.")
    private static let filtersKey = Key<Value>("filters", .map, "A filter on the documents' attributes.")
    private static let scoreKey = Key<Double>("minScore", .number(minimum: 0), "Passages below this score are left out.")
    package static let fields = [storesKey.field, maxKey.field, filtersKey.field, scoreKey.field]

    let vectorStores: [Located<String>]
    let maxResults: Int?
    let filters: Value?
    let minScore: Double?

    package init(from fields: inout Fields) {
        vectorStores = fields.require(Self.storesKey, else: [])
        maxResults = fields.read(Self.maxKey)
        filters = fields.read(Self.filtersKey)
        minScore = fields.read(Self.scoreKey)
    }
}

/// The tools of an MCP server: the model server calls it, so its address must be reachable from there.
package struct MCPSpec: SpecDecodable {
    package static let noun = "an MCP tool"
    private static let urlKey = Key<Located<String>>(
        "url", .located(.someText), required: true, example: "http://localhost:9000/mcp",
        "The address of the MCP server, as Llama Stack reaches it.")
    private static let tokenKey = Key<Located<SecretSource>>("token", .located(.secret), "A bearer token for it.")
    private static let headersKey = Key<[Entry<String>]>("headers", .map(.text), "Further headers, not secret.")
    private static let allowKey = Key<[String]>(
        "allow", .list(.someText), example: "[ticket_search]", "The tools that may be called; all by default.")
    private static let approvalKey = Key<String>(
        "requireApproval", .choice(["never", "always"]), default: "never", "Whether each call needs an approval.")
    package static let fields = [urlKey.field, tokenKey.field, headersKey.field, allowKey.field, approvalKey.field]

    let url: Located<String>
    let token: Located<SecretSource>?
    let headers: [String: String]
    let allow: [String]?
    let requireApproval: String?

    package init(from fields: inout Fields) {
        let missing = Located("", at: fields.node.range)
        url = fields.require(Self.urlKey, else: missing)
        token = fields.read(Self.tokenKey)
        let entries = fields.read(Self.headersKey) ?? []
        headers = entries.dictionary
        allow = fields.read(Self.allowKey)
        requireApproval = fields.read(Self.approvalKey)
        for entry in entries where entry.key.lowercased() == "authorization" {
            fields.problems.report(.authorizationHeader(entry.keyRange))
        }
        checkURL(&fields.problems)
    }

    private func checkURL(_ problems: inout Problems) {
        guard !url.value.isEmpty, let problem = WebAddress.problem(in: url.value) else { return }
        problems.report(.badURL(url, problem))
    }
}

extension Diagnostic {
    fileprivate static func authorizationHeader(_ range: SourceRange) -> Diagnostic {
        Diagnostic(
            "authorization-header", "Authorization among the headers",
            detail: "A header is not secret, and servers since Llama Stack 0.4 refuse `Authorization` here.",
            fix: "Use `token: {env: NAME}`; it is sent as the server wants it.", at: range)
    }
}
