package import Language
import Synchronization
package import Wire

/// An agent behind `/invocations`, as MLflow's servers are: it refuses what they refuse (read from MLflow 3.17.2), says how
/// many messages it was sent, and calls the function `weather` when it is asked of one and has no output of it yet.
package final class FakeServedAgent: HTTPTransport {
    private let streams: Bool
    private let token: String?
    private let asked = Mutex<[Value]>([])

    /// - Parameters:
    ///   - streams: as AgentServer does; `mlflow models serve` answers whole whatever it is asked.
    ///   - token: the bearer token that it wants; nil for none.
    package init(streams: Bool, token: String? = nil) {
        self.streams = streams
        self.token = token
    }

    /// The bodies of what it answered, in order.
    package var requests: [Value] {
        asked.withLock { $0 }
    }

    package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        guard request.url.hasSuffix("/invocations"), request.method == .post else {
            return Self.json(404, ["detail": "Not Found"])
        }
        guard token == nil || request.authorization?.revealed == token.map({ "Bearer \($0)" }) else {
            return Self.json(401, ["error": ["message": "Invalid or missing API key"]])
        }
        let body = try Value(json: request.body?.collected() ?? [])
        guard let input = body["input"]?.array, input.allSatisfy(Self.isItem) else {
            return Self.json(400, ["detail": "Invalid parameters for ResponsesAgent: input"])
        }
        asked.withLock { $0.append(body) }
        let output = Self.output(input)
        guard streams, body["stream"] == true else {
            return Self.json(200, ["object": "response", "status": "completed", "output": .array(output)])
        }
        let frames = output.map(Self.frame) + ["data: [DONE]\n\n"]
        return HTTPResponse(
            status: 200, headers: [("content-type", "text/event-stream; charset=utf-8")],
            body: Array(frames.joined().utf8))
    }

    package func stream<Result: Sendable>(
        _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
    ) async throws -> Result {
        let response = try await send(request)
        return try await read(
            HTTPResponse(status: response.status, headers: response.headers), ScriptedTransport.chunks([response.body]))
    }

    private static func isItem(_ item: Value) -> Bool {
        switch item["type"]?.string {
        case "function_call": item["call_id"] != nil && item["name"] != nil && item["arguments"]?.string != nil
        case "function_call_output": item["call_id"] != nil && item["output"] != nil
        case "file_search_call": item["id"] != nil
        case "message", nil:
            ["user", "assistant", "system", "developer"].contains(item["role"]?.string) && item["content"] != nil
        case _: false
        }
    }

    private static func output(_ input: [Value]) -> [Value] {
        let results = input.filter { $0["type"] == "function_call_output" }.compactMap { $0["output"]?.string }
        let question = input.last { $0["role"] == "user" }?["content"]?.string ?? ""
        if question.contains("weather"), input.last?["type"] != "function_call_output" {
            let call: Value = [
                "type": "function_call", "id": "fc_1", "call_id": .string("call_\(input.count)"), "name": "weather",
                "arguments": #"{"city":"Rome"}"#,
            ]
            return [call]
        }
        let messages = input.count { $0["role"] != nil }
        let text = (["\(messages) messages"] + results.suffix(1)).joined(separator: ", ")
        return [
            [
                "type": "message", "id": .string("msg_\(input.count)"), "role": "assistant", "status": "completed",
                "content": [["type": "output_text", "text": .string(text), "annotations": []]],
            ]
        ]
    }

    private static func frame(_ item: Value) -> String {
        var frames: [Value] = [["type": "response.output_item.done", "item": item]]
        if let text = item["content"]?.array?.first?["text"] {
            let delta: Value = [
                "type": "response.output_text.delta", "item_id": item["id"] ?? .null, "delta": text,
            ]
            frames.insert(delta, at: 0)
        }
        return frames.map { "data: \($0.canonicalJSON)\n\n" }.joined()
    }

    private static func json(_ status: Int, _ body: Value) -> HTTPResponse {
        HTTPResponse(
            status: status, headers: [("content-type", "application/json")], body: Array(body.canonicalJSON.utf8))
    }
}
