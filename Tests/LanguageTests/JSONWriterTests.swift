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

    @Test("What is written member by member is what is written of a whole value", arguments: [0, 2])
    func members(indentation: Int) throws {
        var json = JSONWriter(indentation: indentation)
        try json.object { json in
            json.member("bool", true)
            json.member("empty") { $0.object { _ in } }
            try json.member("encoded", encoding: ["x": 1.5])
            json.member("list", [1, -20]) { $1.write($0) }
            json.member("none", [Int]()) { $1.write($0) }
            json.member("object") { json in
                json.object { json in
                    json.member("number", 1234)
                    json.member("text", "é\"\n\u{1}")
                }
            }
            json.member("value", ["a": [.null, 1]] as Value)
        }
        let value: Value = [
            "bool": true, "empty": [:], "encoded": ["x": 1.5], "list": [1, -20], "none": [],
            "object": ["number": 1234, "text": "é\"\n\u{1}"], "value": ["a": [.null, 1]],
        ]
        #expect(json.text == (indentation == 0 ? value.canonicalJSON : value.prettyJSON))
    }

    @Test("Members are read as what they are; another kind, or one that is needed and missing, is a mismatch")
    func fields() throws {
        let fields = try ObjectFields(
            ["text": "a", "number": 2, "none": .null, "flag": true, "texts": ["b"], "object": ["x": 1.5]])
        #expect(try fields.text("text").needed() == "a" && fields.integer("number") == 2)
        #expect(try fields.bool("flag") == true && fields.texts("texts") == ["b"])
        #expect(try fields.text("none") == nil && fields.text("missing") == nil)
        let double = try fields.object("object") { object throws(ObjectFields.Mismatch) in try object.double("x") }
        #expect(double == 1.5)
        #expect(try fields.decoded("object", as: [String: Double].self) == ["x": 1.5])
        #expect(throws: ObjectFields.Mismatch.self) { try fields.text("number") }
        #expect(throws: ObjectFields.Mismatch.self) { try fields.text("none").needed() }
        #expect(throws: ObjectFields.Mismatch.self) { try fields.texts("object") }
        #expect(throws: ObjectFields.Mismatch.self) { try fields.decoded("object", as: [String].self) }
        #expect(throws: ObjectFields.Mismatch.self) { try ObjectFields([1]) }
    }
}
