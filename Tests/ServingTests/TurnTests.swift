import Language
import Testing

@testable import Serving

@Suite("Turn")
struct TurnTests {
    @Test("The log tells every reason why there is no answer")
    func reasons() {
        let several = Diagnostics(["One.", "Two."].map { Diagnostic("bad", "Bad", detail: $0) })
        #expect(Turn.Ending.failed(.from(several, at: nil)).reason == "One. Also: Two.")
    }
}
