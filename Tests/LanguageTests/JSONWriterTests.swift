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

    @Test(
        "Marks anywhere in a text are escaped, and nothing else",
        arguments: ["\"", "\"a", "a\"", "\\\n\"", "é\n𝄞\t", "one \"two\" three\n", "", "plain"])
    func escapes(text: String) throws {
        let written = Value.string(text).canonicalJSON
        #expect(try Value(json: written.utf8) == .string(text))
        let marks = text.unicodeScalars.filter { "\"\\\n\t".unicodeScalars.contains($0) }.count
        #expect(written.utf8.count == text.utf8.count + marks + 2)
    }

    @Test("Keys are in the order of their bytes, also where one begins another")
    func order() {
        let value: Value = ["b": 1, "a": 2, "ab": 3, "": 4, "é": 5, "e\u{302}": 6, "a much longer key than fits": 7]
        #expect(
            value.canonicalJSON
                == #"{"":4,"a":2,"a much longer key than fits":7,"ab":3,"b":1,"e\#u{302}":6,"é":5}"#)
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

    @Test("A node is written as its data, with its references as they are written")
    func node() throws {
        let node = Node(
            .mapping([
                entry("b", Node(["x": [1, .null, true, 1.5], "empty": [:], "none": []])),
                entry("ä", Node(.bigInteger("18446744073709551616"), at: range)), entry("a", Node("say \"hi\"\n")),
                entry("a", Node("twice")),
                entry("c", Node(.pending(Template([.literal("is "), .reference(Reference(path: ["a"]))])), at: range)),
            ]), at: range)
        var json = JSONWriter()
        json.write(node)
        #expect(json.text == node.value { template, _ in .string(template.text) }?.canonicalJSON)
    }

    private let range = Node(.null).range

    private func entry(_ key: String, _ value: Node) -> Node.Entry {
        Node.Entry(key: key, keyRange: range, value: value)
    }
}
