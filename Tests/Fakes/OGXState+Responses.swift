import Language
import Wire

extension OGXState {
    mutating func responses(_ exchange: FakeExchange, _ rest: [String], _ model: FakeModel) -> FakeReply {
        guard let id = rest.first else {
            return exchange.method == .post ? respond(exchange.json, model) : .detail(405, "Method Not Allowed")
        }
        guard responses[id] != nil else {
            guard version.tellsErrorsInMessage else { return .error(400, "Response with id \(id) not found") }
            return .detail(404, Self.absent(id))
        }
        switch exchange.method {
        case .get: return .json(["id": .string(id), "object": "response", "status": "completed"])
        case .delete:
            responses[id] = nil
            return .json(["id": .string(id), "object": "response", "deleted": true])
        case .post, .put, .patch: return .detail(405, "Method Not Allowed")
        }
    }

    private static func absent(_ id: String) -> String {
        "Response '\(id)' not found. Use 'client.responses.list()' to list available Responses."
    }

    /// Only streams are answered: nothing of ours asks for a whole response.
    private mutating func respond(_ body: [String: Value], _ model: FakeModel) -> FakeReply {
        guard let name = body["model"]?.string else {
            return .invalid("'body', 'model'", "Field required", type: "missing")
        }
        guard body["stream"] == true else { return .error(501, "The fake only streams.") }
        for tool in body["tools"]?.array ?? [] {
            if tool["headers"]?.object?.keys.contains(where: { $0.lowercased() == "authorization" }) == true {
                return .detail(
                    400,
                    "Invalid value for 'tools[].headers': Authorization. Authorization credentials must be passed "
                        + "via the 'authorization' parameter, not 'headers'."
                )
            }
        }
        var run = OGXRun(id: "resp_\(Self.identifier(next().number))", body: body)
        let previous = body["previous_response_id"]?.string
        if let previous, responses[previous] == nil {
            run.frames = []
            run.fail(404, Self.absent(previous))
            return .frames(run.frames)
        }
        guard has(name) else {
            run.fail(404, "Model '\(name)' not found. Use 'client.models.list()' to list available Models.")
            return .frames(run.frames)
        }
        let history = previous.flatMap { responses[$0]?.history } ?? []
        run.answer(history: history, model: model, servers: servers, search: search)
        if body["store"] != false { responses[run.id] = Turn(history: history + [run.input, run.text]) }
        return .frames(run.frames)
    }

    /// The passages of the stores, one for each file, best first; similar is what shares words.
    private func search(_ query: String, _ tool: Value) -> [Value] {
        let wanted = Self.words(query)
        let threshold = tool["ranking_options"]?["score_threshold"]?.double ?? 0
        let found = (tool["vector_store_ids"]?.array ?? []).flatMap { id in
            (stores.first { .string($0.id) == id }?.store.files ?? []).filter { !$0.text.isEmpty }
        }
        .map { file in
            let words = Self.words(file.text)
            let shared = Double(words.intersection(wanted).count)
            return (file, score: shared / Double(max(words.count * wanted.count, 1)).squareRoot())
        }
        .filter { $0.score >= threshold }
        .sorted { ($1.score, $0.0.id) < ($0.score, $1.0.id) }
        return found.prefix(tool["max_num_results"]?.integer ?? 10).map { file, score in
            let document = "document-\(file.id.suffix(4))"
            let name = files.first { $0.id == file.id }?.file.value["filename"] ?? "unknown"
            let own: [String: Value] = [
                "document_id": .string(document), "filename": name, "file_id": .string(file.id),
            ]
            return [
                "attributes": .object((file.value["attributes"]?.object ?? [:]).merging(own) { $1 }),
                "file_id": .string(document), "filename": .string(document), "score": .number(score),
                "text": .string(file.text),
            ]
        }
    }

    private static func words(_ text: String) -> Set<String> {
        Set(text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init))
    }
}
