import Language
import Wire

/// What a fake OGX remembers.
struct OGXState {
    struct File {
        var value: [String: Value]
        var bytes: [UInt8]
    }

    struct Store {
        var value: [String: Value]
        /// By file id, in the order of attaching; `text` is what can be found of the `content` that was ingested, by the
        /// `attributes` of that time.
        var files: [(id: String, value: [String: Value], text: String, content: String, attributes: Value)] = []

        /// Makes what was ingested as the same passages unfindable. OGX makes a passage's id of the text around it, whatever
        /// file it is of: ingesting it again takes the earlier one's place, and taking either file out takes it out.
        mutating func losePassages(of content: String) {
            for index in files.indices where files[index].content == content { files[index].text = "" }
        }
    }

    /// A stored response: what the model would be told of it.
    struct Turn {
        var history: [String]
    }

    let version: FakeStackVersion
    let servers: [String: [FakeTool]]
    /// In the server's configuration, by id.
    let connectors: [String]
    var models: [Registration]
    var shields: [Registration] = []
    var toolGroups: [Registration] = []
    var agents: [Registration] = []
    /// Of agents, in the order of their beginning.
    var sessions: [(agent: String, id: String, value: Value)] = []
    var files: [(id: String, file: File)] = []
    var stores: [(id: String, store: Store)] = []
    var responses: [String: Turn] = [:]
    private var counter = 0
    /// By how much the clock was set, in seconds.
    var offset = 0

    init(_ version: FakeStackVersion, servers: [String: [FakeTool]], connectors: [String]) {
        self.version = version
        self.servers = servers
        self.connectors = connectors
        models = Self.configuredModels(version)
    }

    /// Whether there is a model of a type.
    func has(_ model: String, _ type: String? = nil) -> Bool {
        models.contains { $0.id == model && (type == nil || $0.value["model_type"]?.string == type) }
    }

    /// A number that is new, and the time that goes with it.
    mutating func next() -> (number: String, time: Value) {
        counter += 1
        return (String(counter), .integer(1_795_400_000 + counter + offset))
    }

    static func identifier(_ number: String) -> String {
        "00000000-0000-0000-0000-" + String(repeating: "0", count: 12 - number.count) + number
    }

    mutating func reply(to exchange: FakeExchange, model: FakeModel) -> FakeReply {
        let agents = version.agentPaths.first { "\(exchange.path)/".hasPrefix("\($0)/") }
        if let agents {
            return agentRoutes(exchange, Array(exchange.segments.dropFirst(agents.split(separator: "/").count)))
                .told(by: version)
        }
        let isOpenAI = exchange.path.hasPrefix("\(version.openAIPrefix)/")
        let rest = exchange.segments.dropFirst(isOpenAI ? version.openAIPrefix.split(separator: "/").count : 1)
        let openAI = openAIReply(to: exchange, isOpenAI ? rest.first : nil, Array(rest.dropFirst()), model)
        return (openAI ?? ownReply(to: exchange)).told(by: version)
    }

    /// The routes that OpenAI has too.
    private mutating func openAIReply(
        to exchange: FakeExchange, _ group: String?, _ rest: [String], _ model: FakeModel
    ) -> FakeReply? {
        switch group {
        case "files": files(exchange, rest).toldByFiles(of: version)
        case "vector_stores": stores(exchange, rest)
        case "responses": responses(exchange, rest, model)
        case _: nil
        }
    }

    private mutating func ownReply(to exchange: FakeExchange) -> FakeReply {
        let segments = exchange.segments
        let rest = Array(segments.dropFirst(2))
        switch (exchange.method, segments.first, segments.dropFirst().first) {
        case (.get, "openapi.json", nil): return .json(version.openAPI)
        case (.get, "v1", "version"): return .json(["version": .string(version.rawValue)])
        case (.get, "v1", "providers"): return .json(Self.providers)
        case (_, "v1", "models"): return modelRoutes(exchange, rest)
        case (_, "v1", "shields"): return shieldRoutes(exchange, rest)
        case (_, "v1", "toolgroups"): return toolGroupRoutes(exchange, rest)
        case (.get, "v1", "tools") where version.hasToolGroups: return tools(exchange)
        case (.get, _, _) where version.hasConnectors && exchange.path == version.connectorsPath:
            return listedConnectors
        case _: return .detail(404, "Not Found")
        }
    }

    private var listedConnectors: FakeReply {
        guard version != .ogx125 else { return .error(500, "Internal server error: An unexpected error occurred.") }
        return .json([
            "data": .array(
                connectors.map {
                    [
                        "connector_type": "mcp", "connector_id": .string($0), "url": .string("http://\($0).test/mcp"),
                    ]
                })
        ])
    }

    /// One page of a list, as OpenAI cuts them.
    static func page(
        _ items: [Value], _ exchange: FakeExchange, atMost most: Int, by key: String = "id"
    ) -> FakeReply {
        let limit = exchange.query["limit"].flatMap { Int($0) } ?? 20
        guard limit <= most else {
            return .invalid(
                "'query', 'limit'", "Input should be less than or equal to \(most)", type: "less_than_equal")
        }
        var items = exchange.query["order"] == "asc" ? items : items.reversed()
        if let after = exchange.query["after"], let index = items.firstIndex(where: { $0[key]?.string == after }) {
            items.removeFirst(index + 1)
        }
        let page = Array(items.prefix(limit))
        return .json([
            "object": "list", "data": .array(page), "has_more": .bool(items.count > limit),
            "first_id": page.first?[key] ?? "", "last_id": page.last?[key] ?? "",
        ])
    }
}
