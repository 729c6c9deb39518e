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

    @Test("Other failures are not put off")
    func others() {
        #expect(Answer.PutOff(code: 429, message: nil) != nil)
        #expect(Answer.PutOff(code: nil, message: "Error code: 429 - {'error': 'busy'}") != nil)
        #expect(Answer.PutOff(code: "server_error", message: "try again in 2s") == nil)
        #expect(Answer.PutOff(code: nil, message: nil) == nil)
    }
}
