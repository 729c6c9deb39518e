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
        /// By file id, in the order of attaching.
        var files: [(id: String, value: [String: Value], text: String)] = []
    }

    /// A stored response: what the model would be told of it.
    struct Turn {
        var history: [String]
    }

    let servers: [String: [FakeTool]]
    var files: [(id: String, file: File)] = []
    var stores: [(id: String, store: Store)] = []
    var responses: [String: Turn] = [:]
    private var counter = 0

    static let models: [(id: String, type: String)] = [("scripted/embed", "embedding"), ("scripted/llm", "llm")]

    init(servers: [String: [FakeTool]]) {
        self.servers = servers
    }

    /// A number that is new, and the time that goes with it.
    mutating func next() -> (number: String, time: Value) {
        counter += 1
        return (String(counter), .integer(1_795_400_000 + counter))
    }

    static func identifier(_ number: String) -> String {
        "00000000-0000-0000-0000-" + String(repeating: "0", count: 12 - number.count) + number
    }

    mutating func reply(to exchange: FakeExchange, model: FakeModel) -> FakeReply {
        let segments = exchange.segments
        switch (exchange.method, segments.first, segments.dropFirst().first) {
        case (.get, "openapi.json", nil): return .json(Self.description)
        case (.get, "v1", "version"): return .json(["version": "1.5.0"])
        case (.get, "v1", "models"): return .json(["object": "list", "data": .array(Self.models.map(Self.model))])
        case (_, "v1", "files"): return files(exchange, Array(segments.dropFirst(2)))
        case (_, "v1", "vector_stores"): return stores(exchange, Array(segments.dropFirst(2)))
        case (_, "v1", "responses"): return responses(exchange, Array(segments.dropFirst(2)), model)
        case (_, "v1", "models"): return .detail(405, "Method Not Allowed")
        case _: return .detail(404, "Not Found")
        }
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

    private static func model(_ model: (id: String, type: String)) -> Value {
        [
            "id": .string(model.id), "object": "model", "created": 1_795_394_864, "owned_by": "ogx",
            "custom_metadata": ["model_type": .string(model.type), "provider_id": "scripted"],
        ]
    }

    /// As much of the OpenAPI description as says which routes there are.
    private static let description: Value = [
        "info": ["title": "FastAPI", "version": "0.1.0"],
        "paths": [
            "/v1/version": ["get": [:]], "/v1/models": ["get": [:]],
            "/v1/files": ["get": [:], "post": [:]],
            "/v1/files/{file_id}": ["get": [:], "delete": [:]],
            "/v1/files/{file_id}/content": ["get": [:]],
            "/v1/vector_stores": ["get": [:], "post": [:]],
            "/v1/vector_stores/{vector_store_id}": ["get": [:], "post": [:], "delete": [:]],
            "/v1/vector_stores/{vector_store_id}/files": ["get": [:], "post": [:]],
            "/v1/vector_stores/{vector_store_id}/files/{file_id}": ["get": [:], "post": [:], "delete": [:]],
            "/v1/responses": ["get": [:], "post": [:]],
            "/v1/responses/{response_id}": ["get": [:], "delete": [:]],
            "/v1/prompts": ["get": [:], "post": [:]],
            "/v1alpha/admin/connectors": ["get": [:]],
        ],
    ]
}
