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
    private static let functionKey = Key<FunctionSpec>(
        "function", .object(), "A function that drover calls: over HTTP, or as a program.")
    private static let builtinKey = Key<String>(
        "builtin", .choice(["webSearch"]), example: "webSearch", "A tool that the server brings along.")
    private static let groupKey = Key<ToolGroupSpec>(
        "toolGroup", .object(), "A tool of the server's own, or a group of them.")
    private static let agentKey = Key<Located<String>>(
        "agent", .name(of: AgentResource.kind), example: "billing", "Another declared agent, asked as a tool.")
    private static let types = [
        fileSearchKey.field, mcpKey.field, functionKey.field, builtinKey.field, groupKey.field, agentKey.field,
    ]
    private static let effectKey = Key<Effect>(
        "effect", .choice(), default: "changes",
        "What its calls do to the world; a conversation in which one changed something is never repeated.")
    package static let fields = Common.fields + types + [effectKey.field]
    package static let rules = [FieldRule.exactlyOne(types.map(\.name))]

    enum Effect: String, CaseIterable, Sendable {
        case reads, changes
    }

    package let common: Common
    let fileSearch: FileSearchSpec?
    let mcp: MCPSpec?
    let function: FunctionSpec?
    /// `webSearch`.
    let builtin: String?
    let toolGroup: ToolGroupSpec?
    let agent: Located<String>?
    private let effect: Effect?

    package init(from fields: inout Fields) {
        common = Common(from: &fields)
        fileSearch = fields.read(Self.fileSearchKey)
        mcp = fields.read(Self.mcpKey)
        agent = fields.read(Self.agentKey)
        function = fields.read(Self.functionKey)
        builtin = fields.read(Self.builtinKey)
        toolGroup = fields.read(Self.groupKey)
        effect = fields.read(Self.effectKey)
    }

    /// Whether its calls change nothing in the world: searches of documents and of the web do not by themselves.
    var onlyReads: Bool {
        effect.map { $0 == .reads } ?? (fileSearch != nil || builtin != nil)
    }

    package var uses: [Use] {
        (fileSearch?.vectorStores ?? []).map { Use(VectorStoreResource.kind, $0) }
            + (agent?.uses(AgentResource.kind) ?? [])
    }

    /// The MCP server's address, when the spec has it.
    package var contact: SourceRange? { mcp?.url?.range }
}

/// File search: runs on the server, before the model answers.
package struct FileSearchSpec: SpecDecodable {
    package static let noun = "a file search"
    private static let storesKey = Key<[Located<String>]>(
        "vectorStores", .list(.name(of: VectorStoreResource.kind), minimum: 1), required: true, example: "[handbook]",
        "The vector stores that are searched.")
    private static let maxKey = Key<Int>(
        "maxResults", .integer(minimum: 1, maximum: 50), "The most passages that one search gives.")
    private static let filtersKey = Key<Value>("filters", .map, "A filter on the documents' attributes.")
    private static let scoreKey = Key<Double>(
        "minScore", .number(minimum: 0), "Passages below this score are left out.")
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
        "url", .located(.someText).shaped(.text(pattern: WebAddress.pattern)), example: "http://localhost:9000/mcp",
        "The address of the MCP server, as Llama Stack reaches it.")
    private static let connectorKey = Key<Located<String>>(
        "connector", .located(.someText), example: "tickets", "The id of a connector that the server knows.")
    private static let tokenKey = Key<Located<SecretSource>>("token", .located(.secret), "A bearer token for it.")
    private static let headersKey = Key<[Entry<HeaderSpec>]>(
        "headers", HeaderSpec.map, "Further headers; a secret one is `{env: NAME}`.")
    private static let allowKey = Key<[String]>(
        "allow", .list(.someText), example: "[ticket_search]", "The tools that may be called; all by default.")
    private static let approvalKey = Key<String>(
        "requireApproval", .choice(["never", "always"]), default: "never", "Whether each call needs an approval.")
    package static let fields = [
        urlKey.field, connectorKey.field, tokenKey.field, headersKey.field, allowKey.field, approvalKey.field,
    ]
    package static let rules = [FieldRule.exactlyOne(["url", "connector"])]

    let url: Located<String>?
    let connector: Located<String>?
    let token: Located<SecretSource>?
    let headers: [Entry<HeaderSpec>]
    let allow: [String]?
    let requireApproval: String?

    package init(from fields: inout Fields) {
        url = fields.read(Self.urlKey)
        connector = fields.read(Self.connectorKey)
        token = fields.read(Self.tokenKey)
        headers = fields.read(Self.headersKey) ?? []
        allow = fields.read(Self.allowKey)
        requireApproval = fields.read(Self.approvalKey)
        for entry in headers where entry.key.lowercased() == "authorization" {
            fields.problems.report(.authorizationHeader(entry, in: fields.node["headers"]))
        }
        if let url { WebAddress.check(url, &fields.problems) }
    }
}

extension Diagnostic {
    fileprivate static func authorizationHeader(_ entry: Entry<HeaderSpec>, in headers: Node?) -> Diagnostic {
        var diagnostic = Diagnostic(
            "authorization-header", "Authorization among the headers",
            detail: "Servers since Llama Stack 0.4 refuse `Authorization` here.",
            fix: "Use `token: {env: NAME}`; it is sent as the server wants it.", at: entry.keyRange)
        diagnostic.hidden = [headers?[entry.key]?.range].compactMap(\.self)
        return diagnostic
    }
}
