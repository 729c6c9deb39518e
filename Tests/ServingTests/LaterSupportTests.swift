import Language
import Support
import Testing
import Wire

@testable import Serving

@Suite("What is not yet supported", .timeLimit(.minutes(20)))
struct LaterSupportTests {
    @Test("Fields and paths of stored and background answers are refused by words that say so, other paths as none")
    func stored() async throws {
        try await RunningServer.run([StagedAgent.saying("x").published()]) { server in
            for field in [
                #""background":true"#, #""store":true"#, #""previous_response_id":"resp_1""#, #""conversation":"c""#,
            ] {
                let refused = try await server.post("{\"input\":\"x\",\(field)}", to: "/v1/responses")
                #expect(refused.status == 400, "\(field)")
                #expect(refused.json["message"]?.string?.contains("not yet supported") == true, "\(refused.json)")
            }
            for path in ["/responses/resp_1", "/v1/responses/resp_1/input_items", "/v1/conversations"] {
                let refused = try await server.get(path)
                #expect(refused.status == 400 && refused.json["error"]?["code"] == "not_yet_supported", "\(path)")
            }
            #expect(try await server.post("{}", to: "/v1/responses/resp_1/cancel").status == 400)
            for path in ["/v1/chat/completions", "/v1", "/"] { #expect(try await server.get(path).status == 404) }
        }
    }

    @Test("A signed token is none of those that are known, and is told that it cannot be; others are told nothing more")
    func signed() async throws {
        let signed = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        for (header, isSigned) in [
            ("Bearer \(signed)", true), ("bearer \(signed)", true), ("Bearer eyJhbGciOiJIUzI1NiJ9", false),
            ("Bearer alice-token-0123456789", false), ("Basic \(signed)", false), (nil, false),
        ] as [(String?, Bool)] {
            let refusal = BearerTokens.refusal(of: header)
            #expect(refusal.status == .unauthorized && (refusal == .signedToken) == isSigned, "\(header ?? "none")")
        }
    }
}
