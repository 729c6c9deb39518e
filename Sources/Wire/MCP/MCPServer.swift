package import Language

/// A server that offers tools by the Model Context Protocol over streamable HTTP, as far as a look at its tools needs it.
///
/// Read from the protocol's version 2025-06-18: every message is posted to one address; the answer is JSON or a stream of
/// events.
package struct MCPServer: Sendable {
    private let endpoint: Endpoint
    private static let version = "2025-06-18"

    /// - Parameters:
    ///   - url: the address that messages are posted to.
    ///   - token: sent as a bearer token.
    package init(_ url: String, token: Secret?, transport: any HTTPTransport, timeout: Duration = .seconds(10)) {
        endpoint = Endpoint(
            service: "The MCP server", base: url, transport: transport, authorization: token.map { .bearer($0) },
            timeout: timeout, retry: .never)
    }

    /// The names of its tools, in its order.
    /// - Throws: `WireError` when it cannot be reached, refuses, or speaks something else.
    package func tools() async throws -> [String] {
        let client: Value = ["name": "drover", "version": "1"]
        let (greeting, session) = try await ask(
            "greet the MCP server", "initialize",
            ["protocolVersion": .string(Self.version), "capabilities": [:], "clientInfo": client], in: Session())
        var followed = session
        followed.version = greeting["protocolVersion"]?.string ?? Self.version
        _ = try await endpoint.send(
            call("finish greeting the MCP server", ["jsonrpc": "2.0", "method": "notifications/initialized"], followed))
        var names: [String] = []
        var cursor: Value?
        repeat {
            let (page, _) = try await ask(
                "list the tools of the MCP server", "tools/list", cursor.map { ["cursor": $0] } ?? [:], in: followed)
            names += (page["tools"]?.array ?? []).compactMap { $0["name"]?.string }
            cursor = page["nextCursor"].flatMap { $0 == .null ? nil : $0 }
        } while cursor != nil && names.count < 10_000
        return names
    }

    /// What later messages of a conversation repeat.
    private struct Session {
        var id: String?
        var version: String?
    }

    private func ask(
        _ operation: String, _ method: String, _ parameters: Value, in session: Session
    ) async throws -> (Value, Session) {
        let call = call(
            operation, ["jsonrpc": "2.0", "id": 1, "method": .string(method), "params": parameters], session)
        let response = try await endpoint.send(call)
        guard let message = Self.message(in: response) else {
            throw endpoint.error(.unreadable, call, message: "the answer is no message of the protocol")
        }
        if let error = message["error"] {
            throw endpoint.error(.unreadable, call, message: error["message"]?.string ?? error.canonicalJSON)
        }
        guard let result = message["result"] else {
            throw endpoint.error(.unreadable, call, message: "the answer has no result")
        }
        var session = session
        session.id = response.header("mcp-session-id") ?? session.id
        return (result, session)
    }

    private func call(_ operation: String, _ message: Value, _ session: Session) -> Call {
        var headers = [(name: "accept", value: "application/json, text/event-stream")]
        if let id = session.id { headers.append(("mcp-session-id", id)) }
        if let version = session.version { headers.append(("mcp-protocol-version", version)) }
        return Call(operation, .post, "", body: .json(message), isRepeatable: true, headers: headers).reading
    }

    /// The message with a result or an error: the body, or the first such event of a stream.
    private static func message(in response: HTTPResponse) -> Value? {
        let isAnswer = { (value: Value) in value["result"] != nil || value["error"] != nil }
        guard response.header("content-type")?.hasPrefix("text/event-stream") == true else {
            // What is no JSON is no message.
            return (try? Value(json: response.body)).flatMap { isAnswer($0) ? $0 : nil }
        }
        var parser = ServerSentEventParser()
        let events = (try? parser.read(response.body + Array("\n\n".utf8))) ?? []
        return events.lazy.compactMap { try? Value(json: $0.data.utf8) }.first(where: isAnswer)
    }
}
