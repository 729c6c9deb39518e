import Language
package import Wire

/// A served agent that does something of its own before it answers some questions.
package final class MeddlingAgent: HTTPTransport {
    private let agent: FakeServedAgent
    private let meddle: @Sendable (_ question: String) -> HTTPResponse?

    /// - Parameter meddle: What it answers to a question; nil for what it would answer by itself.
    package init(
        streams: Bool, token: String? = nil, _ meddle: @escaping @Sendable (_ question: String) -> HTTPResponse?
    ) {
        agent = FakeServedAgent(streams: streams, token: token)
        self.meddle = meddle
    }

    /// What was asked and answered by itself, in order.
    package var questions: [String] {
        agent.requests.map(Self.question)
    }

    /// A whole answer with a text, not streamed.
    package static func answer(_ text: String) -> HTTPResponse {
        let output: Value = [
            "object": "response", "status": "completed",
            "output": [
                [
                    "type": "message", "id": "m", "role": "assistant", "status": "completed",
                    "content": [["type": "output_text", "text": .string(text), "annotations": []]],
                ]
            ],
        ]
        return HTTPResponse(
            status: 200, headers: [("content-type", "application/json")], body: Array(output.canonicalJSON.utf8))
    }

    package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let body = try Value(json: request.body?.collected() ?? [])
        if let response = meddle(Self.question(in: body)) { return response }
        return try await agent.send(request)
    }

    package func stream<Result: Sendable>(
        _ request: HTTPRequest, _ read: @Sendable (HTTPResponse, ResponseChunks) async throws -> Result
    ) async throws -> Result {
        let response = try await send(request)
        return try await read(
            HTTPResponse(status: response.status, headers: response.headers), ScriptedTransport.chunks([response.body]))
    }

    private static func question(in body: Value) -> String {
        body["input"]?.array?.last?["content"]?.string ?? ""
    }
}
