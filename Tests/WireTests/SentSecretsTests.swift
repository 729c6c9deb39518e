import Fakes
import Language
import Support
import Testing
import Wire

@Suite("Secrets that a server repeats")
struct SentSecretsTests {
    private static let key = "sk-ä/9+\"quo\\te' x"

    private func sent(_ secrets: String...) -> SentSecrets {
        let sent = SentSecrets()
        for secret in secrets { sent.add(Secret(secret)) }
        return sent
    }

    @Test(
        "Are taken out however they are spelled",
        arguments: [
            key, #"sk-ä/9+\"quo\\te' x"#, #"sk-ä\/9+\"quo\\te' x"#, #"sk-\u00e4/9+\"quo\\te' x"#,
            "sk-%C3%A4%2F9%2B%22quo%5Cte%27%20x", "sk-%c3%a4%2f9%2b%22quo%5cte%27+x",
            "736b2dc3a42f392b2271756f5c74652720 78".replacing(" ", with: ""), "sk-ä/9+&quot;quo\\te&#x27; x",
            #"sk-ä/9+\\\"quo\\\\te' x"#,
        ])
    func spellings(spelled: String) {
        #expect(sent(Self.key).cleared("Got <\(spelled)>.") == "Got <[secret]>.")
    }

    @Test("Are taken out of base64, wherever in it they begin", arguments: ["", "a", "ab", "user:"])
    func base64(before: String) {
        let encoded = Secret.basic(user: before, password: Secret("correct horse")).revealed.dropFirst("Basic ".count)
        let cleared = sent("correct horse").cleared("header \(encoded)")
        #expect(cleared.contains("[secret]") && !cleared.contains("Y29ycmVjdCBob3") && !cleared.contains("cnJlY3Qg"))
    }

    @Test("Of a header, what it carries is one, too: a token, a password, the keys of providers")
    func headers() {
        let all = sent(
            Secret.bearer(Secret("token-12345")).revealed,
            Secret.basic(user: "ann", password: Secret("hunter22hunter")).revealed,
            #"{"openai_api_key":"sk-abcdefgh","mcp_headers":{"http://x":{"X-Team":"support-desk"}}}"#)
        let said = "token-12345, ann with hunter22hunter, sk-abcdefgh for support-desk"
        #expect(all.cleared(said) == "[secret], ann with [secret], [secret] for support-desk")
    }

    @Test("A message with a short one is withheld whole, and others are not")
    func short() {
        let short = sent("abc12")
        #expect(short.cleared(message: "The key abc12 is wrong.") == SentSecrets.withheld)
        #expect(short.cleared(message: "The key is wrong.") == "The key is wrong.")
        #expect(short.cleared("abc12 is a part of an answer") == "abc12 is a part of an answer")
    }

    @Test("JSON stays JSON: escaped in any way, in keys, and as a number")
    func json() throws {
        let all = sent("12345678", "secret-word")
        let frame = #"{"a":12345678,"\u0073ecret-word":["x \u0073\u0065cret-word"],"b":1.5}"#
        #expect(all.cleared(json: frame) == #"{"[secret]":["x [secret]"],"a":0,"b":1.5}"#)
        let innocent = #"{ "b" : 1.0, "c": "\u00e4" }"#
        #expect(all.cleared(json: innocent) == innocent)
    }

    @Test("What a model speaks in pieces is held back only as long as it may become one")
    func stream() {
        var stream = ClearedStream(sent("secret-word"))
        #expect(stream.next("I know se") == "I know ")
        #expect(stream.next("cret") == "")
        #expect(stream.next("-word, and se") == "[secret], and ")
        #expect(stream.next("ven") == "seven")
        #expect(stream.next(" secret-wor") == " ")
        #expect(stream.end() == "secret-wor")
    }

    @Test("What is spoken in pieces, however it is cut, is what it is when it is cleared as a whole")
    func pieces() {
        let all = sent("secret-word", "abcabcabd", "ä-over-ä-over-ö")
        let words = ["secret", "-word", "sec", "abc", "abd", "ab", "ä-over-", "ö", "ä", " ", "secret-word", "x"]
        var random = SplitMix64(seed: 24)
        for _ in 0..<2_000 {
            let text = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                words[Int.random(in: 0..<12, using: &random)]
            }
            .joined()
            var (stream, told, rest) = (ClearedStream(all), "", text[...])
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...9, using: &random))
                rest = rest.dropFirst(piece.count)
                told += stream.next(String(piece))
            }
            #expect(told + stream.end() == all.cleared(text), "\(text)")
        }
    }

    /// Of every way in which a request may fail, or a server may speak.
    @Test(
        "Are in no error of an endpoint",
        arguments: [
            ScriptedTransport.Step.json(500, #"{"error":{"message":"bad key sk-abcdefgh, Bearer token-12345"}}"#),
            .json(400, #"{"detail":"header: Bearer token-12345"}"#), .page(502, "<title>token-12345</title>"),
            .page(200, "<title>token-12345 and more</title>"),
            .json(403, #"{"error_code":"token-12345","message":"x"}"#),
            .failure(TransportFailure(.broken, "invalid header token-12345")),
        ])
    func errors(step: ScriptedTransport.Step) async throws {
        let transport = ScriptedTransport([step])
        let endpoint = Endpoint(
            service: "OGX", base: "http://host", transport: transport, authorization: .bearer(Secret("token-12345")),
            secretHeaders: [("X-OGX-Provider-Data", Secret(#"{"openai_api_key":"sk-abcdefgh"}"#))], retry: .never)
        let error = await #expect(throws: WireError.self) {
            let _: [String: String] = try await endpoint.decode(Call("look", .get, "/a"))
        }
        let told = try #require(error?.diagnostic())
        let all = "\(told.detail) \(error?.code ?? "") \(error?.message ?? "")"
        #expect(!all.contains("token-12345") && !all.contains("sk-abcdefgh"), "\(all)")
    }

    @Test("Are in no event of a stream, and in no answer that comes whole")
    func events() async throws {
        let frame = Array("data: {\"delta\":\"it is body-secret and token-12345\"}\n\n".utf8)
        let transport = ScriptedTransport([
            .stream([Array(frame[..<30]), Array(frame[30...])]), .json(#""body-secret""#),
        ])
        let endpoint = Endpoint(
            service: "OGX", base: "http://host", transport: transport, authorization: .bearer(Secret("token-12345")))
        var call = Call("ask", .post, "/a")
        call.secrets = [Secret("body-secret")]
        let told = try await endpoint.events(call) { events in
            var told: [String] = []
            for try await event in events { told.append(event.data) }
            return told
        }
        #expect(told == [#"{"delta":"it is [secret] and [secret]"}"#])
        let whole = try await endpoint.reply(Call("ask", .post, "/a")) { reply in
            guard case .whole(let value) = reply else { return Value.null }
            return value
        }
        #expect(whole == "[secret]", "What was sent once stays known.")
    }
}
