import Runtime
import Testing

@Suite("Evidence")
struct EvidenceTests {
    private let evidence = Evidence(
        suite: "golden", key: "9f86d081", samples: Evidence.Samples(passed: 9, failed: 1, errors: 2), attempts: 14,
        at: "2026-06-01T12:00:00Z", run: "1d2c")
    private let text =
        #"{"at":"2026-06-01T12:00:00Z","attempts":14,"format":1,"key":"9f86d081","run":"1d2c","#
        + #""samples":{"errors":2,"failed":1,"passed":9},"suite":"golden"}"#

    @Test("Evidence is written as one line of JSON, and read back as it was")
    func roundTrip() {
        #expect(evidence.text == text)
        #expect(Evidence(text) == evidence)
    }

    @Test("Which agent was asked is written, too, where it is known, and that only failures count, where it is so")
    func agent() {
        var known = evidence
        (known.logical, known.version, known.failuresOnly) = ("60303ae2", "models:/helpdesk/3", true)
        for part in [#""logical":"60303ae2""#, #""version":"models:/helpdesk/3""#, #""failuresOnly":true"#] {
            #expect(known.text.contains(part))
        }
        #expect(Evidence(known.text) == known)
    }

    @Test("Keys that a later version added are passed over")
    func moreKeys() {
        #expect(Evidence(#"{"more":[1],"# + text.dropFirst()) == evidence)
    }

    @Test("What is not understood is no evidence", arguments: [#""format":2"#, #""format":null"#, #""formal":1"#])
    func unknown(format: String) {
        #expect(Evidence(text.replacing(#""format":1"#, with: format)) == nil)
        #expect(Evidence("") == nil)
        for count in ["9223372036854775807", "-1"] {
            let edited = text.replacing(/"failed":[0-9]+/, with: "\"failed\":\(count)")
            #expect(edited != text && Evidence(edited) == nil, "\(edited)")
        }
    }
}
