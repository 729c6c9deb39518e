import Fakes
import Language
import Testing

@testable import Wire

@Suite("Redirects")
struct RedirectionTests {
    private static let posted = HTTPRequest(
        .post, "https://a.test/x/y?k=1", headers: [("content-type", "application/json"), ("x-api-key", "k")],
        authorization: .bearer(Secret("t")), secretHeaders: [("x-secret", Secret("s"))], body: [1])

    private static func next(
        _ status: Int, _ location: String?, of request: HTTPRequest = posted
    ) throws -> HTTPRequest? {
        let headers = location.map { [(name: "location", value: $0)] } ?? []
        return try Redirection(of: request, by: HTTPResponse(status: status, headers: headers))?.request
    }

    @Test("A POST becomes a GET as with curl, and stays one with 307 and 308", arguments: [301, 302, 303, 307, 308])
    func methods(status: Int) throws {
        let next = try #require(try Self.next(status, "../z"))
        #expect(next.url == "https://a.test/z")
        #expect(next.method == (status < 304 ? .get : .post))
        #expect((next.body == nil) == (status < 304))
        #expect(next.headers.contains { $0.name == "content-type" } == (status > 304))
        var put = Self.posted
        put.method = .put
        #expect(try Self.next(status, "/z", of: put)?.method == (status == 303 ? .get : .put))
    }

    @Test("The same origin gets all headers, another one nothing that may be a credential")
    func credentials() throws {
        let same = try #require(try Self.next(307, "https://a.test:443/z"))
        #expect(same.authorization != nil && same.secretHeaders.count == 1 && same.headers.count == 2)
        for other in [
            "https://b.test/", "http://a.test/", "https://a.test:8443/", "//b.test/z", "https://A.test.evil/",
        ] {
            let next = try #require(try Self.next(307, other))
            #expect(next.authorization == nil && next.secretHeaders.isEmpty, "\(other)")
            #expect(next.headers.map(\.name) == ["content-type"], "\(other)")
        }
    }

    @Test("What is no redirect is none", arguments: [(200, "/z"), (300, "/z"), (304, "/z")])
    func none(status: Int, location: String?) throws {
        #expect(try Self.next(status, location) == nil)
    }

    @Test(
        "A redirect to what is no web address is told",
        arguments: ["file:///etc/passwd", "ftp://a.test/", "http://", "http://a.test:99999/"])
    func refused(location: String) {
        #expect(throws: TransportFailure.self) { try Self.next(302, location) }
    }

    @Test("A redirect that names no target is told", arguments: [nil, ""])
    func nowhere(location: String?) {
        let failure = #expect(throws: TransportFailure.self) { try Self.next(302, location) }
        #expect(failure?.message == "it redirects without saying where to (status 302, no `location`)")
    }

    @Test("Redirects are followed to their end, and a circle is left")
    func follows() async throws {
        try await LoopbackServer.withServer({ request in
            let path = request.url.drop { $0 != "/" }.dropFirst(2).drop { $0 != "/" }
            let empty = AsyncThrowingStream<[UInt8], any Error> { $0.finish() }
            guard let steps = Int(path.dropFirst()), steps > 0 else {
                let body = AsyncThrowingStream<[UInt8], any Error> { continuation in
                    continuation.yield(Array("\(request.method.rawValue) \(path)".utf8))
                    continuation.finish()
                }
                return LoopbackServer.Reply(status: 200, chunks: body)
            }
            let target = steps == 99 ? "/99" : "/\(steps - 1)"
            return LoopbackServer.Reply(status: 302, headers: [("location", target)], chunks: empty)
        }) { base in
            try await AsyncHTTPTransport.withTransport { transport in
                let text = try await transport.streamFollowing(HTTPRequest(.post, base + "/3", body: [1])) {
                    _, chunks in
                    String(decoding: try await chunks.prefix(upTo: 100), as: UTF8.self)
                }
                #expect(text == "GET /0")
                let circle = await #expect(throws: TransportFailure.self) {
                    try await transport.streamFollowing(HTTPRequest(.get, base + "/99")) { _, _ in }
                }
                #expect(circle?.message == "it redirects more than 30 times, last to `\(base)/99`")
            }
        }
    }
}
