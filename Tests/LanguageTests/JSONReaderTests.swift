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
            (
                "[9223372036854775807,9223372036854775808]",
                [9_223_372_036_854_775_807, .bigInteger("9223372036854775808")]
            ),
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
        "Whole numbers keep their digits through reading, typed values and writing",
        arguments: [
            "18446744073709551615", "-9223372036854775809",
            "123456789012345678901234567890123456789012345678901234567890",
        ])
    func bigIntegers(digits: String) throws {
        struct Held: Codable {
            var value: Value
            var more: [String: [Value]]
        }
        let text = "{\"more\":{\"a\":[\(digits),1]},\"value\":\(digits)}"
        let held = try Value(json: text.utf8).decoded(as: Held.self)
        #expect(held.value == .bigInteger(digits))
        #expect(try Value(encoding: held).canonicalJSON == text)
        #expect(held.value.interpolated == digits)
        #expect(held.value != .bigInteger(digits + "0"))
    }

    @Test("A number that fits an unsigned type is one")
    func unsigned() throws {
        #expect(try Value(json: "18446744073709551615".utf8).decoded(as: UInt64.self) == .max)
        #expect(try Value(encoding: UInt64.max) == .bigInteger("18446744073709551615"))
        #expect(throws: DecodingError.self) { try Value(json: "18446744073709551616".utf8).decoded(as: UInt64.self) }
        #expect(throws: DecodingError.self) { try Value(json: "18446744073709551615".utf8).decoded(as: Int.self) }
    }

    @Test("Encoding gives what the JSON of a value would mean")
    func encoding() throws {
        #expect(try Value(encoding: [1.0, 2.5, 1e20]) == [1, 2.5, 1e20])
        #expect(try Value(encoding: [String: Int?]()) == [:])
        #expect(try Value(encoding: [Int?.none, 1]) == [.null, 1])
        #expect(try Value(encoding: ["a": Value.number(3)]) == ["a": 3])
        #expect(throws: EncodingError.self) { try Value(encoding: [Double.nan]) }
    }

    @Test("Text is equal only to the same characters, as they are spelled")
    func normalisation() {
        #expect(Value.string("caf\u{E9}") != .string("cafe\u{301}"))
        #expect(Value.object(["caf\u{E9}": 1]) != .object(["cafe\u{301}": 1]))
        #expect(Value.object(["caf\u{E9}": 1]) == .object(["caf\u{E9}": 1]))
        #expect(Value.array(["\u{212B}"]) != .array(["A\u{30A}"]))
    }

    @Test("Of keys that differ only in normalisation one is read, or the two are told; a look-up is exact")
    func lookAlikeKeys() throws {
        let both = "[{\"caf\u{E9}\": 1, \"cafe\\u0301\": 2}]"
        #expect(try Value(json: both.utf8) == [["caf\u{E9}": 1]])
        let told = #expect(throws: LookAlikeKeys.self) { try Value(wholeJSON: both.utf8) }
        #expect(told?.key.isExactly("cafe\u{301}") == true)
        #expect(try Value(wholeJSON: #"{"a": 1, "a": 2}"#.utf8) == ["a": 1])
        let one: Value = ["cafe\u{301}": 2]
        #expect(one["cafe\u{301}"] == 2 && one["caf\u{E9}"] == nil)
    }

    @Test("A key that stands twice is found, however it is written; at the outermost level only")
    func repeatedKey() {
        #expect(Value.repeatedKey(inJSON: #"{"a": 1, "b": {"c": 1, "c": 2}, "\u0061": 2}"#.utf8) == "a")
        for text in [#"{"a": 1, "A": 2, "b": {"a": 3}}"#, #"{"a": {"c": 1, "c": 2}}"#, "{}", "[1]", "", "{"] {
            #expect(Value.repeatedKey(inJSON: text.utf8) == nil)
        }
    }

    @Test("Numbers are compared by all their digits")
    func comparison() throws {
        let big = Value.bigInteger("18446744073709551615")
        #expect(!big.isSameNumber(as: 18_446_744_073_709_551_616.0))
        #expect(Value.bigInteger("18446744073709551616").isSameNumber(as: 18_446_744_073_709_551_616.0))
        #expect(Value.integer(1).isSameNumber(as: 1.0) && !Value.integer(1).isSameNumber(as: "1"))
        #expect(!Value.integer(9_007_199_254_740_993).isSameNumber(as: 9_007_199_254_740_992.0))
        let million = Value.bigInteger("1" + String(repeating: "0", count: 30))
        #expect(try Value(json: "1e30".utf8).isSameNumber(as: million) && million.isSameNumber(as: 1e30))
        #expect(!million.isSameNumber(as: 1e31) && !Value.number(1.5e30).isSameNumber(as: million))
        #expect(Value.bigInteger("-25" + String(repeating: "0", count: 49)).isSameNumber(as: -2.5e50))
        #expect(Value.integer(.max).isLess(than: big) == true && big.isLess(than: 1e30) == true)
        #expect(big.isLess(than: .bigInteger("18446744073709551616")) == true)
        #expect(Value.bigInteger("-18446744073709551616").isLess(than: .bigInteger("-18446744073709551615")) == true)
        #expect(big.isLess(than: "a") == nil)
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
