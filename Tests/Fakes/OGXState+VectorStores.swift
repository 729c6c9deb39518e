import Language
import Wire

extension OGXState {
    mutating func stores(_ exchange: FakeExchange, _ rest: [String]) -> FakeReply {
        switch (exchange.method, rest.count) {
        case (.get, 0): return Self.page(stores.map { .object(Self.shown($0.store)) }, exchange, atMost: 100)
        case (.post, 0): return createStore(exchange.json)
        case (_, 0): return .detail(405, "Method Not Allowed")
        case _: break
        }
        let id = rest[0]
        guard let index = stores.firstIndex(where: { $0.id == id }) else {
            return .error(400, "Vector_store '\(id)' not found")
        }
        if rest.dropFirst().first == "files" { return storeFiles(exchange, index, Array(rest.dropFirst(2))) }
        if rest.count == 2, rest[1] == "search" { return search(exchange, index) }
        switch (exchange.method, rest.count) {
        case (.get, 1): return .json(.object(Self.shown(stores[index].store)))
        case (.post, 1): return updateStore(index, exchange.json)
        case (.delete, 1):
            stores.remove(at: index)
            return .json(["id": .string(id), "object": "vector_store.deleted", "deleted": true])
        case _: return .detail(404, "Not Found")
        }
    }

    private mutating func createStore(_ body: [String: Value]) -> FakeReply {
        let model = body["embedding_model"]?.string ?? version.models.embedding
        if let refusal = refusal(of: body, model) { return refusal }
        let provider = body["provider_id"]?.string ?? "faiss"
        let (number, time) = next()
        let id = "vs_\(Self.identifier(number))"
        let idKey = version.wantsDimension ? "provider_vector_db_id" : "provider_vector_store_id"
        var own: [String: Value] = ["provider_id": .string(provider), idKey: .string(id)]
        if version.keepsModelInMetadata {
            own["embedding_model"] = .string(model)
            own["embedding_dimension"] = .string(body["embedding_dimension"]?.interpolated ?? "384")
        }
        let isLeft = version.wantsDimension && body["embedding_dimension"] == nil
        let metadata = isLeft ? [:] : body["metadata"]?.object ?? [:]
        let value: [String: Value] = [
            "id": .string(id), "object": "vector_store", "created_at": time,
            "name": body["name"] ?? (version.isOGX ? "" : .null),
            "usage_bytes": 0, "status": "completed", "expires_after": body["expires_after"] ?? .null,
            "expires_at": .null, "last_active_at": time, "metadata": .object(metadata.merging(own) { $1 }),
        ]
        stores.append((id, Store(value: value)))
        if isLeft { return .error(400, "Embedding dimension is required") }
        return .json(.object(Self.shown(stores[stores.count - 1].store)))
    }

    /// Why a store is refused and not there either; 0.2 refuses some that it then has all the same.
    private func refusal(of body: [String: Value], _ model: String) -> FakeReply? {
        let provider = body["provider_id"]?.string ?? "faiss"
        guard version.wantsDimension else {
            guard has(model, "embedding") else {
                return .error(400, "Embedding model '\(model)' not found or not an embedding model")
            }
            return provider == "faiss" ? nil : .error(400, "Provider `\(provider)` not found")
        }
        guard body["name"]?.string != nil else {
            return .invalid("'body', 'name'", "Field required", type: "missing")
        }
        guard has(model) else {
            return .error(404, "Model '\(model)' not found. Use 'client.models.list()' to list available Models.")
        }
        let isGood = provider == "faiss" && has(model, "embedding")
        return isGood ? nil : .detail(500, "Internal server error: An unexpected error occurred.")
    }

    private mutating func updateStore(_ index: Int, _ body: [String: Value]) -> FakeReply {
        for key in ["name", "metadata", "expires_after"] {
            if let value = body[key], value != .null { stores[index].store.value[key] = value }
        }
        stores[index].store.value["last_active_at"] = next().time
        return .json(.object(Self.shown(stores[index].store)))
    }

    private static func shown(_ store: Store) -> [String: Value] {
        func count(_ status: String) -> Value {
            .integer(store.files.count { $0.value["status"]?.string == status })
        }
        return store.value.merging([
            "file_counts": [
                "completed": count("completed"), "cancelled": 0, "failed": count("failed"), "in_progress": 0,
                "total": .integer(store.files.count),
            ]
        ]) { $1 }
    }

    /// One passage a document, in the order of attaching; filters by one attribute.
    private func search(_ exchange: FakeExchange, _ index: Int) -> FakeReply {
        guard exchange.method == .post else { return .detail(405, "Method Not Allowed") }
        guard let query = exchange.json["query"]?.string else {
            return .invalid("'body', 'query'", "Field required", type: "missing")
        }
        let filter = exchange.json["filters"]
        let found = stores[index].store.files.filter { file in
            !file.text.isEmpty && (filter.map { Self.matches(file.attributes, $0) } ?? true)
        }
        let passages = found.prefix(exchange.json["max_num_results"]?.integer ?? 10).map { file -> Value in
            [
                "file_id": .string(file.id), "filename": "", "score": 1.0, "attributes": file.attributes,
                "content": [["type": "text", "text": .string(file.text)]],
            ]
        }
        return .json([
            "object": "vector_store.search_results.page", "search_query": [.string(query)],
            "data": .array(Array(passages)), "has_more": false, "next_page": .null,
        ])
    }

    /// Filters with `eq` and `or`.
    private static func matches(_ attributes: Value, _ filter: Value) -> Bool {
        if filter["type"] == "or" { return (filter["filters"]?.array ?? []).contains { matches(attributes, $0) } }
        return filter["key"]?.string.flatMap { attributes[$0] } == filter["value"]
    }

    private mutating func storeFiles(_ exchange: FakeExchange, _ index: Int, _ rest: [String]) -> FakeReply {
        let store = stores[index].store
        guard let id = rest.first else {
            switch exchange.method {
            case .get: return Self.page(store.files.map { .object($0.value) }, exchange, atMost: 100)
            case .post: return attach(exchange.json, index)
            case .put, .patch, .delete: return .detail(405, "Method Not Allowed")
            }
        }
        guard let place = store.files.firstIndex(where: { $0.id == id }) else {
            return .error(400, "File \(id) not found in vector store \(stores[index].id)")
        }
        switch exchange.method {
        case .get: return .json(.object(store.files[place].value))
        case .delete:
            let removed = stores[index].store.files.remove(at: place)
            if version.isOGX { stores[index].store.losePassages(of: removed.content) }
            return .json(["id": .string(id), "object": "vector_store.file.deleted", "deleted": true])
        case .post:
            stores[index].store.files[place].value["attributes"] = exchange.json["attributes"] ?? [:]
            return .json(.object(stores[index].store.files[place].value))
        case .put, .patch: return .detail(405, "Method Not Allowed")
        }
    }

    private mutating func attach(_ body: [String: Value], _ index: Int) -> FakeReply {
        guard let id = body["file_id"]?.string else {
            return .invalid("'body', 'file_id'", "Field required", type: "missing")
        }
        let sizes = body["chunking_strategy"]?["static"]
        if let size = sizes?["max_chunk_size_tokens"]?.integer, size < 100 {
            return .invalid(
                "'body', 'chunking_strategy', 'static', 'static', 'max_chunk_size_tokens'",
                "Input should be greater than or equal to 100", type: "greater_than_equal"
            )
        }
        if !version.attachesTwice, let there = stores[index].store.files.first(where: { $0.id == id }) {
            return .json(.object(there.value))
        }
        let problem = problem(with: id, in: stores[index].store)
        let bytes = files.first { $0.id == id }?.file.bytes ?? []
        let value: [String: Value] = [
            "id": .string(id), "object": "vector_store.file",
            "attributes": .object((body["attributes"]?.object ?? [:]).mapValues(floating)),
            "chunking_strategy": sizes == nil && !version.keepsModelInMetadata
                ? ["type": "auto"]
                : [
                    "type": "static", "static": sizes ?? ["chunk_overlap_tokens": 400, "max_chunk_size_tokens": 800],
                ],
            "created_at": next().time, "vector_store_id": .string(stores[index].id),
            "last_error": problem.map { ["code": "server_error", "message": .string($0)] } ?? .null,
            "status": problem == nil ? "completed" : "failed",
            "usage_bytes": .integer(problem == nil ? bytes.count : 0),
        ]
        let content = problem == nil ? String(decoding: bytes, as: UTF8.self) : ""
        if version.isOGX { stores[index].store.losePassages(of: content) }
        stores[index].store.files.append((id, value, content, content, value["attributes"] ?? [:]))
        return .json(.object(value))
    }

    /// Why the file cannot be ingested; nil when it can.
    private func problem(with id: String, in store: Store) -> String? {
        guard Self.isFileID(id) else { return Self.badFileID(id) }
        guard let file = files.first(where: { $0.id == id })?.file else {
            return "File '\(id)' not found. Use 'client.files.list()' to list available Files."
        }
        let metadata = store.value["metadata"]
        let isWhole = metadata?["provider_vector_store_id"] != nil && metadata?["embedding_model"] != nil
        if version.keepsModelInMetadata, !isWhole {
            let id = store.value["id"]?.string ?? ""
            return "Vector store \(id) is not properly configured for file processing"
        }
        guard String(validating: file.bytes, as: UTF8.self) != nil else {
            return
                "Failed to execute job: 422: File type 'application/octet-stream' is not supported by the pypdf file "
                + "processor. Supported types: PDF and text files (txt, csv, md, etc.)."
        }
        return file.bytes.isEmpty ? "No chunks were generated from the file" : nil
    }

    private func floating(_ value: Value) -> Value {
        guard version.keepsModelInMetadata, case .integer(let integer) = value else { return value }
        return .number(Double(integer))
    }
}
