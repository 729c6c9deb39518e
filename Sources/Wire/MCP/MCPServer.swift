package import Language

/// A server of the Model Context Protocol, as far as listing its tools requires.
///
/// Read from the protocol's version 2025-06-18 (streamable HTTP: every message is posted to one address; the response
/// is JSON or a stream of events) and 2024-11-05 (`MCPServer+Stream.swift`). Redirects are followed.
package struct MCPServer: Sendable {
    let endpoint: Endpoint
    /// The end of its address after the endpoint's base: trailing slashes.
    let path: String
    static let version = "2025-06-18"

    /// The headers of every message, in addition to the protocol's own.
    package struct Headers: Sendable {
        /// Sent as a bearer token.
        package var token: Secret?
        package var plain: [(name: String, value: String)]
        package var secret: [(name: String, value: Secret)]

        package init(
            token: Secret? = nil, plain: [(name: String, value: String)] = [],
            secret: [(name: String, value: Secret)] = []
        ) {
            self.token = token
            self.plain = plain
            self.secret = secret
        }
    }

    private let headers: [(name: String, value: String)]

    /// - Parameter url: the address that messages are posted to, used as it is written.
    package init(
        _ url: String, sending headers: Headers = Headers(), transport: any HTTPTransport,
        timeout: Duration = .seconds(10)
    ) {
        endpoint = Endpoint(
            service: "The MCP server", base: url, transport: FollowingTransport(transport),
            authorization: headers.token.map { .bearer($0) }, secretHeaders: headers.secret, timeout: timeout,
            retry: .never)
        path = String(url.reversed().prefix { $0 == "/" })
        self.headers = headers.plain
    }

    /// The names of its tools, in its order.
    /// - Throws: `WireError` when it cannot be reached, refuses, or speaks something else.
    package func tools() async throws -> [String] {
        do {
            return try await posting()
        } catch let error as WireError where error.maySpeakByStream {
            do {
                return try await listening()
            } catch is WireError {
                throw error  // It supports neither transport; the error of the current one counts.
            }
        }
    }

    private func posting() async throws -> [String] {
        let (greeting, session) = try await ask("greet the MCP server", Self.greeting, in: Session())
        var followed = session
        followed.version = greeting["protocolVersion"]?.string ?? Self.version
        _ = try await endpoint.send(call("finish greeting the MCP server", Self.greeted, followed))
        var pages = Pages()
        while let question = pages.next {
            let operation = "list the tools of the MCP server"
            let page = try await ask(operation, question, in: followed).0
            guard pages.read(page) else {
                throw unlisted(call(operation, question, followed))
            }
        }
        return pages.names
    }

    /// A result that is no page of tools: what the server offers is not known.
    func unlisted(_ call: Call) -> WireError {
        endpoint.error(.unreadable, call, message: "the answer is no list of tools, or one that does not end")
    }

    /// What later messages of a session repeat.
    struct Session {
        var id: String?
        var version: String?
    }

    private func ask(
        _ operation: String, _ message: Value, in session: Session
    ) async throws -> (Value, Session) {
        let call = call(operation, message, session)
        let response = try await endpoint.send(call)
        guard let answer = Self.message(in: response) else {
            throw endpoint.error(.unreadable, call, message: "the answer is no message of the protocol")
        }
        var session = session
        session.id = response.header("mcp-session-id") ?? session.id
        return (try result(of: answer, to: call), session)
    }

    /// The result in a response, without what was sent as a secret.
    func result(of answer: Value, to call: Call) throws -> Value {
        if let error = answer["error"] {
            throw endpoint.error(.unreadable, call, message: error["message"]?.string ?? error.canonicalJSON)
        }
        guard let result = answer["result"] else {
            throw endpoint.error(.unreadable, call, message: "the answer has no result")
        }
        return endpoint.sent.cleared(result)
    }

    func call(_ operation: String, _ message: Value, _ session: Session) -> Call {
        var headers = [(name: "accept", value: "application/json, text/event-stream")] + headers
        if let id = session.id { headers.append(("mcp-session-id", id)) }
        if let version = session.version { headers.append(("mcp-protocol-version", version)) }
        return Call(operation, .post, path, body: .json(message), isRepeatable: true, headers: headers).reading
    }

    /// The message with a result or an error: the body, or the first such event of a stream.
    private static func message(in response: HTTPResponse) -> Value? {
        guard response.header("content-type")?.hasPrefix("text/event-stream") == true else {
            // Anything that is not JSON is not a message.
            return (try? Value(json: response.body)).flatMap { isAnswer($0) ? $0 : nil }
        }
        var parser = ServerSentEventParser()
        let events = (try? parser.read(response.body + Array("\n\n".utf8))) ?? []
        return events.lazy.compactMap { try? Value(json: $0.data.utf8) }.first(where: isAnswer)
    }

    static func isAnswer(_ value: Value) -> Bool {
        value["result"] != nil || value["error"] != nil
    }
}

/// The messages of a session.
extension MCPServer {
    static let greeting: Value = [
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": [
            "protocolVersion": .string(version), "capabilities": [:],
            "clientInfo": ["name": "drover", "version": "1"],
        ],
    ]
    static let greeted: Value = ["jsonrpc": "2.0", "method": "notifications/initialized"]

    /// The listing of tools, page by page.
    struct Pages {
        private(set) var names: [String] = []
        /// The request for the next page; nil when there is none.
        private(set) var next: Value? = question(cursor: nil)

        /// More pages than any list has that ends.
        private static let most = 1000
        private var count = 0

        /// - Returns: Whether it is a page, and not one of a list without end.
        mutating func read(_ page: Value) -> Bool {
            guard let tools = page["tools"]?.array else { return false }
            count += 1
            names += tools.compactMap { $0["name"]?.string }
            let cursor = page["nextCursor"].flatMap { $0 == .null ? nil : $0 }
            next = names.count < 10_000 ? cursor.map { Self.question(cursor: $0) } : nil
            return next == nil || count < Self.most
        }

        private static func question(cursor: Value?) -> Value {
            ["jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": cursor.map { ["cursor": $0] } ?? [:]]
        }
    }
}

extension WireError {
    /// Whether a server that rejects a posted message may support only the older transport.
    fileprivate var maySpeakByStream: Bool {
        guard let status else { return false }
        return (400..<500).contains(status) && ![401, 403, 407, 408, 429].contains(status)
    }
}
