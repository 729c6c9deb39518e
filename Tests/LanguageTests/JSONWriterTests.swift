import Language
import Testing

@Suite("Writing JSON")
struct JSONWriterTests {
    /// `Tests/Python/test_server_agents.py` has the same text: both sides must find a server agent by its digest.
    @Test("Canonical JSON is what Python's json.dumps writes")
    func isAsPythonWrites() {
        let written =
            #"{"a":[1,1.0,0.2,1e-05],"é":"\"\\\n\r\t\b\f\u0001\u001f\#u{7F}/","ﬀ":null,"#
            + #""𝄞":{"b":true,"c":{}}}"#
        let value: Value = [
            "𝄞": ["b": true, "c": [:]], "ﬀ": .null, "a": [1, 1.0, 0.2, 0.00001],
            "é": "\"\\\n\r\t\u{8}\u{C}\u{1}\u{1F}\u{7F}/",
        ]
        #expect(value.canonicalJSON == written)
    }
}
