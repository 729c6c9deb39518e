import NIOHTTP1
import Testing

@testable import Serving

@Suite("Unfit heads")
struct UnfitHeadTests {
    private func refusal(
        _ headers: HTTPHeaders, _ target: String = "/health", _ version: HTTPVersion = .http1_1
    ) -> ServedError? {
        ServedError(unfit: HTTPRequestHead(version: version, method: .GET, uri: target, headers: headers))
    }

    @Test(
        "A host is a name or an address, and maybe a port",
        arguments: [
            "localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]", "[::ffff:127.0.0.1]:8000",
            "my_agents.svc.cluster.local.",
            "xn--bcher-kva.example", "a:", " \ta:1 \t", "a:65535",
        ])
    func named(host: String) {
        #expect(refusal(["Host": host]) == nil)
        #expect(refusal(["hOST": host], "/health", .http1_0) == nil)
    }

    @Test(
        "Anything else is none",
        arguments: [
            "", " ", ":8000", "a, b", "a,b", "me@a", "a/b", "a?b", "a b", "a:x", "a:-1", "a:65536", "a:123456", "a:1:2",
            "é", "[::1",
            "[]", "[1]", "::1", "[::1]x", "[x::1]", "a\\b", "a#b", "a;b", "http://a",
        ])
    func unnamed(host: String) {
        for version in [HTTPVersion.http1_1, .http1_0] {
            let refusal = refusal(["host": host], "/health", version)
            #expect(refusal?.status == .badRequest && refusal?.code == "invalid_http")
        }
    }

    @Test("A request has one host, even the same only once; before HTTP/1.1 it may have none")
    func one() {
        #expect(refusal([:])?.code == "invalid_http" && refusal([:], "/health", .http1_0) == nil)
        for version in [HTTPVersion.http1_1, .http1_0] {
            for other in ["a", "b", ""] {
                let two: HTTPHeaders = ["Host": "a", "host": other]
                #expect(refusal(two, "/health", version)?.status == .badRequest)
            }
        }
    }

    @Test(
        "A whole URL is one of the host",
        arguments: [
            ("http://a/health", "a", true), ("http://a:80/health", "A", true), ("HTTP://A/health", "a:80", true),
            ("https://a/", "a:443", true), ("http://a:8000", "a:8000", true), ("http://a?b", "a", true),
            ("http://[::1]:8000/", "[::1]:8000", true), ("*", "a", true), ("/http://b/", "a", true),
            ("http://b/health", "a", false), ("http://a:81/", "a", false), ("https://a/", "a:80", false),
            ("http://me@a/", "a", false), ("http:///health", "a", false), ("http://[::1/", "[::1]", false),
            ("ftp://a/", "a", false), ("a:80", "a", false), ("health", "a", false), ("http://a#@b/", "b", false),
        ])
    func whole(target: String, host: String, isFit: Bool) {
        #expect((refusal(["host": host], target) == nil) == isFit)
    }

    @Test("Without a host, which HTTP/1.0 needs none, a whole URL tells it")
    func old() {
        #expect(refusal([:], "http://a/health", .http1_0) == nil)
        #expect(refusal([:], "http://me@a/", .http1_0)?.code == "invalid_http")
    }

    @Test("A body comes in chunks or as it is: other codings are not known, and chunks are told once")
    func codings() {
        func refusal(_ codings: String..., version: HTTPVersion = .http1_1) -> Int? {
            let codings = codings.map { ("Transfer-Encoding", $0) }
            return self.refusal(HTTPHeaders([("host", "a")] + codings), "/health", version)?.status.rawValue
        }
        for fit in ["chunked", "Chunked", " chunked\t"] {
            #expect(refusal(fit) == nil && refusal(fit, version: .http1_0) == 400)
        }
        for faulty in ["", ",", "chunked,", ", chunked", "chunked, chunked"] { #expect(refusal(faulty) == 400) }
        for unknown in ["gzip", "gzip, chunked", "identity", "identity,chunked", "xchunked", "chunked;a=b"] {
            #expect(refusal(unknown) == 501 && refusal(unknown, version: .http1_0) == 400)
        }
        #expect(refusal("chunked", "chunked") == 400 && refusal("gzip", "chunked") == 501)
    }
}
