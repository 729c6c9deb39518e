import Fakes
import Language
import Testing
import Wire

@Suite("Redirects")
struct FollowingTransportTests {
    private func redirect(_ status: Int, to place: String) -> ScriptedTransport.Step {
        .response(HTTPResponse(status: status, headers: [("location", place)]))
    }

    private func follow(
        _ steps: [ScriptedTransport.Step], _ method: HTTPRequest.Method = .post
    ) async throws -> [HTTPRequest] {
        let transport = ScriptedTransport(steps)
        var request = HTTPRequest(
            method, "http://a.test/x/y", headers: [("content-type", "text/plain"), ("x-team", "b")],
            authorization: Secret("Bearer t"), secretHeaders: [("x-key", Secret("k"))])
        request.body = .bytes([1])
        _ = try await FollowingTransport(transport).send(request)
        _ = try await FollowingTransport(ScriptedTransport(steps)).stream(request) { head, _ in head.status }
        return transport.requests
    }

    @Test("The same is sent again after 307 and 308, and a GET without a body after the others, as `curl -L` does")
    func methods() async throws {
        for status in [307, 308] {
            let sent = try await follow([redirect(status, to: "../z/?a=1"), .json("{}")])
            #expect(sent.map(\.url) == ["http://a.test/x/y", "http://a.test/z/?a=1"])
            #expect(sent.last?.method == .post && sent.last?.body != nil && sent.last?.authorization != nil)
        }
        for status in [301, 302, 303] {
            let sent = try await follow([redirect(status, to: "/z"), .json("{}")])
            #expect(sent.last?.method == .get && sent.last?.body == nil)
            #expect(sent.last?.headers.map(\.name) == ["x-team"])
        }
        #expect(try await follow([redirect(301, to: "/z"), .json("{}")], .get).last?.body != nil)
    }

    @Test(
        "Nothing secret goes to another host, port or scheme",
        arguments: ["http://b.test/", "http://a.test:81/", "https://a.test/"])
    func hosts(place: String) async throws {
        let sent = try await follow([redirect(307, to: place), .json("{}")])
        #expect(sent.last?.url == place && sent.last?.authorization == nil && sent.last?.secretHeaders.isEmpty == true)
        #expect(sent.last?.headers.map(\.name) == ["content-type"])
    }

    @Test("What leads to no web address, or in a circle, is an error")
    func ends() async throws {
        await #expect(throws: TransportFailure.self) { try await follow([redirect(307, to: "ftp://a.test/")]) }
        await #expect(throws: TransportFailure.self) {
            try await follow(Array(repeating: redirect(307, to: "/x/y"), count: 40))
        }
    }
}
