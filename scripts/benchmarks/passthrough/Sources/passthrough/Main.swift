import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// Hands each request on to another server, and its answer back as it comes: `passthrough PORT http://127.0.0.1:18399`.
@main
struct PassThrough {
    static func main() async throws {
        let port = Int(CommandLine.arguments[1]) ?? 0
        let server = CommandLine.arguments[2]
        var configuration = HTTPClient.Configuration()
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 2048
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        var silent = Logger(label: "passthrough")
        silent.logLevel = .critical
        let responder = CallbackResponder<BasicRequestContext> { request, _ in
            var outgoing = HTTPClientRequest(url: server + request.uri.path)
            outgoing.method = HTTPMethod(rawValue: request.method.rawValue)
            outgoing.headers.add(name: "content-type", value: "application/json")
            outgoing.body = .bytes(try await request.body.collect(upTo: 4 << 20))
            let answer = try await client.execute(outgoing, deadline: .distantFuture)
            var headers = HTTPFields()
            headers[.contentType] = answer.headers.first(name: "content-type")
            return Response(
                status: HTTPTypes.HTTPResponse.Status(code: Int(answer.status.code)), headers: headers,
                body: ResponseBody(asyncSequence: answer.body))
        }
        let application = Application(
            responder: responder, configuration: .init(address: .hostname("127.0.0.1", port: port)), logger: silent)
        try await application.runService()
        try await client.shutdown()
    }
}
