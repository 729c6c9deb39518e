import FoundationEssentials
import Language
import Testing

@Suite("Reading JSON as free-form data")
struct JSONReaderTests {
    @Test(
        "What JSON says is what is read",
        arguments: [
            (" null ", .null), ("[true,false]", [true, false]), ("{}", [:]), ("[]", .array([])),
            ("[0,-0,7,-12]", [0, 0, 7, -12]), ("[1.0,1e3,-0.0,25e-1]", [1, 1000, 0, 2.5]),
            ("[9223372036854775807,9223372036854775808]", [9_223_372_036_854_775_807, 9_223_372_036_854_775_808.0]),
            (#""\"\\\/\b\f\n\r\t\u00e9\uD834\uDD1E""#, "\"\\/\u{8}\u{C}\n\r\té𝄞"),
            ("\"\u{7F}é𝄞\"", "\u{7F}é𝄞"), (#"{"a":{"b":[{"c":null}]}}"#, ["a": ["b": [["c": .null]]]]),
            // Of two the first counts, as before; a byte order mark is none of the text.
            (#"{"a":1,"a":2}"#, ["a": 1]), ("\u{FEFF}[1]", [1]),
            // A server that cuts an emoji in two sends halves.
            (#""a\uD834b\uDD1E\uD834\u0041""#, "a\u{FFFD}b\u{FFFD}\u{FFFD}A"),
        ] as [(String, Value)])
    func reads(text: String, value: Value) throws {
        #expect(try Value(json: text.utf8) == value)
    }

    @Test(
        "What is no JSON is refused",
        arguments: [
            "", " ", "nul", "nulll", "tru", "01", "-", "+1", ".5", "1.", "1e", "1e400", "0x1", "NaN", "[1,]", "[1 2]",
            "[,1]",
            "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "\"", "\"a", "\"\\x\"", "\"\\u12g4\"", "\"\\", "\"\u{1}\"",
            "1 2",
            "[", "{\"a\":1", "]",
        ])
    func refuses(text: String) {
        #expect(throws: DecodingError.self) { try Value(json: text.utf8) }
    }

    @Test("Bytes that are no UTF-8, and nesting that would exhaust the stack, are refused")
    func refusesBytes() {
        #expect(throws: DecodingError.self) { try Value(json: [0x22, 0xFF, 0x22]) }
        #expect(throws: DecodingError.self) { try Value(json: [0x22, 0xED, 0xA0, 0x80, 0x22]) }
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: DecodingError.self) { try Value(json: deep.utf8) }
        let fine = String(repeating: "[", count: 512) + String(repeating: "]", count: 512)
        #expect(throws: Never.self) { try Value(json: fine.utf8) }
    }

    private struct Shelf: Codable, Equatable {
        enum Kind: String, Codable { case oak, pine }

        struct Book: Codable, Equatable {
            var title: String
            var pages: UInt16?
            var rest: Value?
        }

        var kind: Kind
        var width: Double
        var books: [Book]
        var owners: [String: Int]
        var notes: [Value?]
    }

    private static let shelf = Shelf(
        kind: .oak, width: 2, books: [.init(title: "A", pages: 3, rest: ["x": [1, .null]]), .init(title: "B")],
        owners: ["ann": 1], notes: [nil, 2.5])

    @Test("Typed values come out of free-form data as out of JSON")
    func decodes() throws {
        let value = try Value(encoding: Self.shelf)
        #expect(try value.decoded(as: Shelf.self) == Self.shelf)
        #expect(try JSONDecoder().decode(Shelf.self, from: JSONEncoder().encode(Self.shelf)) == Self.shelf)
    }

    @Test("A value of another kind is told with its place")
    func tellsWhere() throws {
        var object = try #require(try Value(encoding: Self.shelf).object)
        object["books"] = [["title": "A", "pages": 70_000]]
        let error = #expect(throws: DecodingError.self) { try Value.object(object).decoded(as: Shelf.self) }
        guard case .typeMismatch(_, let context) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue } == ["books", "0", "pages"])
        object["books"] = nil
        let missing = #expect(throws: DecodingError.self) { try Value.object(object).decoded(as: Shelf.self) }
        guard case .keyNotFound(let key, _) = missing else {
            Issue.record("\(String(describing: missing))")
            return
        }
        #expect(key.stringValue == "books")
    }
}
