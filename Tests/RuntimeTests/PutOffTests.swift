import Language
import Testing

@testable import Runtime

@Suite("What a model's server puts off")
struct PutOffTests {
    @Test(
        "Its words say how long to wait",
        arguments: [
            ("Rate limit reached. Please try again in 2s", Duration.seconds(2)),
            ("Try again in 250ms.", .milliseconds(250)),
            ("Please try again in 1.5 seconds.", .milliseconds(1500)), ("in 1m", .seconds(60)),
            ("Busy in 2026 since 3 days", nil), ("", nil),
        ] as [(String, Duration?)])
    func words(message: String, wait: Duration?) throws {
        #expect(try #require(Answer.PutOff(code: "rate_limit_exceeded", message: message)).wait == wait)
    }

    @Test(
        "Where OGX has lost the number of a model server's error, its words tell it",
        arguments: [
            ("invalid_prompt", "Rate limit reached for llm. Please try again in 2s.", Duration.seconds(2)),
            ("invalid_prompt", "You are being rate limited", nil), ("server_error", "Too Many Requests", nil),
            ("invalid_prompt", "429: slow down, try again in 250ms", .milliseconds(250)),
        ] as [(Value, String, Duration?)])
    func translated(code: Value, message: String, wait: Duration?) throws {
        #expect(try #require(Answer.PutOff(code: code, message: message)).wait == wait)
    }

    @Test("A server that is away puts off where it says for how long, and fails else")
    func away() throws {
        for code: Value? in [503, "503", nil] {
            let told = try #require(Answer.PutOff(code: code, message: "Error code: 503 - Loading, try again in 2s"))
            #expect(told.wait == .seconds(2))
            #expect(Answer.PutOff(code: code, message: "Error code: 503 - Service Unavailable") == nil)
        }
        #expect(Answer.PutOff(code: "server_error", message: "No model in 2s of 503 ms") == nil)
    }

    @Test("Other failures are not put off")
    func others() {
        #expect(Answer.PutOff(code: 429, message: nil) != nil)
        #expect(Answer.PutOff(code: nil, message: "Error code: 429 - {'error': 'busy'}") != nil)
        #expect(Answer.PutOff(code: "server_error", message: "try again in 2s") == nil)
        #expect(Answer.PutOff(code: "invalid_prompt", message: "The prompt has 429 words") == nil)
        #expect(Answer.PutOff(code: "invalid_image", message: "Too many requests") == nil)
        #expect(Answer.PutOff(code: nil, message: nil) == nil)
    }
}
