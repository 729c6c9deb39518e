import Language
import Testing

@Suite("Members of an object")
struct ObjectFieldsTests {
    private static let text = #"""
        {"text": "a\n\u00e9", "number": 2, "none": null, "flag": true, "texts": ["b", "ü"], "number": 3,
         "object": {"x": 1.5, "inner": {"y": [{"z": -7}, {"z": 123456789012345678901}]}}, "esc\u0061ped": "e", "list": [1, {}] , "empty": [] }
        """#

    @Test("Members are read as what they are, from text as from a tree; another kind, or a missing one, is a mismatch")
    func members() throws {
        for fields in try [ObjectFields(json: Array(Self.text.utf8)), ObjectFields(Value(json: Self.text.utf8))] {
            #expect(try fields.text("text").needed() == "a\né" && fields.integer("number") == 2)
            #expect(try fields.bool("flag") == true && fields.texts("texts") == ["b", "ü"])
            #expect(try fields.text("none") == nil && fields.text("missing") == nil && fields.text("escaped") == "e")
            #expect(fields.value("none") == nil && fields.value("object")?["x"] == 1.5)
            let numbers = try fields.object("object") { object throws(ObjectFields.Mismatch) in
                try object.object("inner") { inner throws(ObjectFields.Mismatch) in
                    try inner.objects("y") { element throws(ObjectFields.Mismatch) in element.value("z") }
                }
            }
            #expect(numbers == .some([-7, .bigInteger("123456789012345678901")]))
            #expect(try fields.objects("empty") { _ throws(ObjectFields.Mismatch) in 1 } == [])
            #expect(try fields.objects("none") { _ throws(ObjectFields.Mismatch) in 1 } == nil)
            #expect(try fields.decoded("texts", as: [String].self) == ["b", "ü"])
            #expect(throws: ObjectFields.Mismatch.self) { try fields.text("number") }
            #expect(throws: ObjectFields.Mismatch.self) { try fields.text("none").needed() }
            #expect(throws: ObjectFields.Mismatch.self) { try fields.texts("object") }
            #expect(throws: ObjectFields.Mismatch.self) { try fields.decoded("object", as: [String].self) }
            for key in ["text", "list", "object"] {
                #expect(throws: ObjectFields.Mismatch.self) {
                    try fields.objects(key) { _ throws(ObjectFields.Mismatch) in 1 }
                }
            }
            #expect(throws: ObjectFields.Mismatch.self) {
                try fields.object("texts") { _ throws(ObjectFields.Mismatch) in 1 }
            }
        }
        #expect(throws: ObjectFields.Mismatch.self) { try ObjectFields([1]) }
        #expect(try ObjectFields(json: Array(Self.text.utf8)).firstKey == "text")
    }

    @Test(
        "Text is checked as a whole, also where no member is asked for",
        arguments: [
            "", " ", "nul", "nulll", "tru", "01", "-", "+1", ".5", "1.", "1e", "1e400", "0x1", "NaN", "[1,]", "[1 2]",
            "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "\"", "\"a", "\"\\x\"", "\"\\u12g4\"", "\"\\",
            "\"\u{1}\"", "1 2", "[", "{\"a\":1", "]", "\"é\\q\"",
        ])
    func refuses(text: String) {
        #expect(throws: ObjectFields.Mismatch.self) { try ObjectFields(json: Array("{\"a\":\(text)}".utf8)) }
        let deeper = "{\"b\":{\"a\":[1,\(text)]}}"
        #expect(throws: ObjectFields.Mismatch.self) { try ObjectFields(json: Array(deeper.utf8)) }
    }

    @Test("What is no object, no UTF-8, nested too deep, or followed by more is refused")
    func refusesWhole() {
        for text in ["[]", "1", "null", "\"a\"", "{} x", "", String(repeating: "{\"a\":", count: 600)] {
            #expect(throws: ObjectFields.Mismatch.self) { try ObjectFields(json: Array(text.utf8)) }
        }
        let bytes = Array("{\"a\":\"".utf8) + [0xFF, 0x22, 0x7D]
        #expect(throws: ObjectFields.Mismatch.self) { try ObjectFields(json: bytes) }
        #expect(throws: Never.self) { try ObjectFields(json: Array("\u{FEFF} {\"a\": 1}\n".utf8)) }
    }
}
