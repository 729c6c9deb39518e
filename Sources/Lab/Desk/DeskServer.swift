import HTTPTypes
import Hummingbird
import Language

/// The desk as an MCP server over streamable HTTP: `POST /mcp` with one JSON-RPC message, answered in JSON. The stock
/// has a plain HTTP route, as function tools use it: `POST /stock {"article": "tyre"}`.
///
/// It has no sessions and streams nothing, so it rejects `GET /mcp`, as the protocol allows (MCP 2025-06-18).
package struct DeskServer: Sendable {
    private let desk = TicketDesk()

    package init() {}

    /// Serves on a port of 127.0.0.1 until the process is terminated.
    package func serve(port: Int) async throws {
        try await LoopbackServer.run(router, port: port, name: "drover-lab-mcp")
    }

    var router: Router<BasicRequestContext> {
        let router = Router()
        router.get("/health") { _, _ in Response.json(["status": "OK"]) }
        router.get("/mcp") { _, _ in Response(status: .methodNotAllowed, headers: [.allow: "POST"]) }
        router.post("/mcp") { request, _ in
            guard let message: Value = try await request.read() else {
                return Response.json(JSONRPC.error(.null, .parseError, "The body is not JSON."), status: .badRequest)
            }
            guard let answer = JSONRPC.answer(to: message, desk: desk) else { return Response(status: .accepted) }
            return Response.json(answer)
        }
        router.post("/stock") { request, _ in
            guard let question: Value = try await request.read() else { return Response.badRequest }
            return Stock.answer(question)
        }
        return router
    }
}

/// The desk's stock, which never changes.
enum Stock {
    private static let articles = ["bell": 31, "helmet": 0, "saddle": 7, "tyre": 12]

    /// The answer to `{"article": "tyre"}`; for an unknown article, an error with a reason.
    static func answer(_ question: Value) -> Response {
        guard let article = question["article"]?.string?.lowercased() else {
            return .error(400, "The argument `article` is missing.")
        }
        guard let left = articles[article] else { return .error(404, "The desk sells no `\(article)`.") }
        return .json(["article": .string(article), "left": .integer(left)])
    }
}

/// The MCP messages that a server which only has tools answers.
enum JSONRPC {
    enum Code: Int {
        case parseError = -32700
        case invalidRequest = -32600
        case methodNotFound = -32601
        case invalidParameters = -32602
    }

    private static let versions = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]

    /// The response to one message; nil when the message is a notification or a response.
    static func answer(to message: Value, desk: TicketDesk) -> Value? {
        guard message["jsonrpc"]?.string == "2.0", let method = message["method"]?.string else {
            let isAnswer = message["result"] != nil || message["error"] != nil
            return isAnswer ? nil : error(message["id"] ?? .null, .invalidRequest, "Not a JSON-RPC 2.0 request.")
        }
        guard let id = message["id"] else { return nil }
        let parameters = message["params"] ?? [:]
        switch method {
        case "initialize": return result(id, greeting(parameters))
        case "ping": return result(id, [:])
        case "tools/list": return result(id, ["tools": .array(DeskTool.allCases.map(\.description))])
        case "tools/call":
            let name = parameters["name"]?.string ?? ""
            guard let tool = DeskTool(rawValue: name) else {
                return error(id, .invalidParameters, "Unknown tool: \(name)")
            }
            return result(id, tool.call(parameters["arguments"] ?? [:], on: desk))
        case _: return error(id, .methodNotFound, "Method not found: \(method)")
        }
    }

    private static func greeting(_ parameters: Value) -> Value {
        let asked = parameters["protocolVersion"]?.string ?? ""
        return [
            "protocolVersion": .string(versions.contains(asked) ? asked : versions[0]),
            "capabilities": ["tools": ["listChanged": false]],
            "serverInfo": ["name": "drover-lab-desk", "version": "1"],
        ]
    }

    private static func result(_ id: Value, _ result: Value) -> Value {
        ["jsonrpc": "2.0", "id": id, "result": result]
    }

    static func error(_ id: Value, _ code: Code, _ message: String) -> Value {
        ["jsonrpc": "2.0", "id": id, "error": ["code": .integer(code.rawValue), "message": .string(message)]]
    }
}
