import FoundationEssentials
import Language

/// The HTTP+SSE transport of protocol version 2024-11-05: the client opens a stream of events, the first of which names
/// the address for its messages; the responses arrive on the stream.
extension MCPServer {
    /// The names of the tools of a server that uses this transport.
    func listening() async throws -> [String] {
        let call = Call(
            "listen to the MCP server", .get, path, isRepeatable: true, headers: [("accept", "text/event-stream")]
        ).reading
        return try await endpoint.events(call) { events in
            var post: String?
            var isGreeted = false
            var pages = Pages()
            for try await event in events {
                if event.name == "endpoint" {
                    let place = try place(event.data, call)
                    post = place
                    try await send(Self.greeting, to: place)
                }
                // Anything that is not JSON is not a message.
                guard let post, let answer = try? Value(json: event.data.utf8), Self.isAnswer(answer) else { continue }
                let result = try result(of: answer, to: call)
                if isGreeted {
                    guard pages.read(result) else { throw unlisted(call) }
                } else {
                    isGreeted = true
                    try await send(Self.greeted, to: post)
                }
                guard let question = pages.next else { return pages.names }
                try await send(question, to: post)
            }
            throw endpoint.error(.stream, call, message: "the stream ended before the tools were listed")
        }
    }

    /// The path of an address on the same server that an event names.
    private func place(_ named: String, _ call: Call) throws -> String {
        guard let base = URL(string: endpoint.base), let url = URL(string: named, relativeTo: base)?.absoluteURL,
            url.host == base.host, url.port == base.port
        else { throw endpoint.error(.unreadable, call, message: "it names an address on another server") }
        let whole = url.absoluteString
        let path = whole[Self.end(ofOriginIn: whole)...].prefix { $0 != "#" }
        return path.hasPrefix("/") ? String(path) : "/" + path
    }

    private func send(_ message: Value, to place: String) async throws {
        var root = endpoint
        root.base = String(endpoint.base.prefix(upTo: Self.end(ofOriginIn: endpoint.base)))
        var call = call("post to the MCP server", message, Session())
        call.path = place
        _ = try await root.send(call)
    }

    private static func end(ofOriginIn url: String) -> String.Index {
        guard let scheme = url.firstRange(of: "://") else { return url.endIndex }
        return url[scheme.upperBound...].firstIndex { "/?#".contains($0) } ?? url.endIndex
    }
}
