import Language
import Testing

@Suite("Errors as diagnostics")
struct DiagnosableTests {
    private struct Slip: Error {}

    private struct Refusal: Diagnosable {
        func diagnostic(address: String?) -> Diagnostic {
            Diagnostic("refused", "Refused", detail: "No.", address: address)
        }
    }

    @Test("Several errors are one, with the others as notes")
    func joined() {
        let several = Diagnostics(["One.", "Two.", "Three."].map { Diagnostic("bad", "Bad", detail: $0) })
        let joined = Diagnostic.from(several, at: nil)
        #expect(joined.detail == "One.")
        #expect(joined.notes.map(\.text) == ["Also: Two.", "Also: Three."])
    }

    @Test("Only an unexpected error is a bug; all others say what they are, and where")
    func causes() {
        let place = SourceRange(
            source: SourceID(index: 0), start: SourcePosition(line: 3, column: 1),
            end: SourcePosition(line: 3, column: 9))
        let told = [CancellationError(), Refusal(), Slip()].map { (error: any Error) in
            Diagnostic.from(error, at: "agents.a", in: place)
        }
        #expect(told.map(\.code) == ["interrupted", "refused", "unexpected"])
        #expect(told.map(\.cause) == [.interrupted, .spec, .unexpected])
        #expect(told.map(\.address) == ["agents.a", "agents.a", "agents.a"])
        #expect(told.map(\.subject) == [nil, nil, place])
        #expect(told.map { $0.detail.contains("bug in drover") } == [false, false, true])
    }
}
