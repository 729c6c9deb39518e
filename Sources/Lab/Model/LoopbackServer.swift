import FoundationEssentials
import HTTPTypes
import Hummingbird
import Language
import Logging
import NIOCore

/// A small HTTP server on 127.0.0.1, for the servers of a lab that drover implements itself.
enum LoopbackServer {
    static func run(_ router: Router<BasicRequestContext>, port: Int, name: String) async throws {
        var logger = Logger(label: name)
        logger.logLevel = .info
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port), serverName: name),
            logger: logger)
        try await application.runService()
    }
}

extension Request {
    /// The body as a value, at most 64 MiB; nil when it is not the JSON that the route expects.
    func read<Body: Decodable>(as type: Body.Type = Body.self) async throws -> Body? {
        let buffer = try await body.collect(upTo: 64 << 20)
        return try? JSONDecoder().decode(Body.self, from: Data(buffer.readableBytesView))  // The caller answers 400.
    }
}

extension Response {
    static func json(_ value: Value, status: HTTPTypes.HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: value.canonicalJSON)))
    }

    /// Server-sent events, one write per frame.
    static func events(_ frames: [String]) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-cache"],
            body: ResponseBody { writer in
                for frame in frames {
                    try await writer.write(ByteBuffer(string: frame))
                }
                try await writer.finish(nil)
            })
    }

    /// An error in OpenAI's format.
    /// As OpenAI's API has it: servers that ask it tell a limit of requests by its code.
    static func error(_ status: Int, _ message: String) -> Response {
        let code: Value = status == 429 ? "rate_limit_exceeded" : .integer(status)
        return json(
            ["error": ["message": .string(message), "type": "lab_error", "code": code]],
            status: .init(code: status))
    }

    static var badRequest: Response {
        error(400, "The body is not the JSON that this route takes.")
    }
}
