import Language
import Testing
import Wire

@testable import Serving

@Suite("OwnNames", .timeLimit(.minutes(20)))
struct OwnNamesTests {
    @Test(
        "Loopback, by name or address, and the name it listens on are its own; others are not",
        arguments: [
            ("localhost", true), ("LocalHost.:8000", true), ("127.0.0.1:8000", true), ("127.8.9.1", true),
            ("[::1]:8000", true), ("[::1]", true), ("Desk.internal:80", true), ("", true), (nil, true),
            ("evil.example:8000", false), ("localhost.evil.example", false), ("127.0.0.1.evil.example", false),
            ("10.0.0.7", false), ("[::2]:8000", false), ("[::1", true), ("evil.example:127.0.0.1", false),
            ("[0:0:0:0:0:0:0:1]:8000", true), ("[::FFFF:127.0.0.1]", true), ("[::ffff:7f00:1]:8000", true),
            ("[::ffff:10.0.0.7]", false), ("[fe80::1]", false), ("[::127.0.0.1]", false),
        ] as [(String?, Bool)])
    func names(authority: String?, isOwn: Bool) {
        #expect(OwnNames(listening: "desk.internal").include(authority) == isOwn)
    }

    @Test("An address that it listens on is its own in every spelling")
    func listening() {
        let names = OwnNames(listening: "FD00:0::7")
        #expect(names.include("[fd00::7]:8000") && names.include("[fd00:0:0:0:0:0:0:7]") && !names.include("[fd00::8]"))
        #expect(OwnNames(listening: "::ffff:10.0.0.7").include("10.0.0.7:8000"))
    }

    @Test(
        "Without tokens it answers under its own names only; who looks after it asks under any, as do all with a token")
    func foreign() async throws {
        let question = #"{"input":"x"}"#
        let foreign = [(name: "host", value: "evil.example:8000"), (name: "origin", value: "http://evil.example:8000")]
        let change: (inout InvocationServer) -> Void = { $0.names = OwnNames(listening: "127.0.0.1") }
        try await RunningServer.run([StagedAgent.saying("x").published()], change: change) { server in
            #expect(try await server.post(question).status == 200)
            let refused = try await server.post(question, headers: foreign)
            #expect(refused.status == 403 && refused.json["error"]?["code"] == "foreign_name", "\(refused.json)")
            for path in ["/agent/info", "/metrics", "/version", "/nowhere"] {
                #expect(try await server.get(path, headers: [foreign[0]]).status == 403, "\(path)")
            }
            for path in ["/ping", "/health", "/ready"] {
                #expect(try await server.get(path, headers: [(name: "host", value: "10.0.0.7:8000")]).status == 200)
            }
        }
        // Where everybody may ask, under every name.
        try await RunningServer.run([StagedAgent.saying("x").published()]) { server in
            let answer = try await server.post(question, headers: foreign)
            #expect(answer.status == 200)
        }
    }
}
