import Language
import Testing

@Suite("Reader")
struct ReaderTests {
    @Test(
        "Scalars are read by the core schema of YAML 1.2",
        arguments: [
            ("null", .null), ("~", .null), ("", .null), ("Null", .null), ("nULL", "nULL"),
            ("true", true), ("FALSE", false), ("yes", "yes"), ("no", "no"), ("on", "on"), ("y", "y"),
            ("12", 12), ("+12", 12), ("-0", 0), ("0o17", 15), ("0x1F", 31), ("010", 10), ("0o8", "0o8"), ("0x", "0x"),
            ("1_000", "1_000"), ("22:30", "22:30"), ("2024-01-01", "2024-01-01"), ("0b1", "0b1"), ("-0x1", "-0x1"),
            ("1.5", 1.5), ("1.", 1.0), (".5", 0.5), ("-1e3", -1000.0), ("1e-2", 0.01), ("1e", "1e"), (".", "."),
            ("-", "- "),
            ("+", "+"), ("1.2.3", "1.2.3"), ("-.", "-."), (".e3", ".e3"), ("9223372036854775807", .integer(.max)),
            ("9223372036854775808", .bigInteger("9223372036854775808")),
            ("-0009223372036854775809", .bigInteger("-9223372036854775809")),
            ("+18446744073709551615", .bigInteger("18446744073709551615")),
            ("-9223372036854775808", .integer(.min)), ("'12'", "12"), ("\"true\"", "true"), ("! 12", "12"),
            ("!!str 12", "12"), ("!!int \"12\"", 12), ("!!float 1", 1.0), ("&a ! true", "true"), ("&a 12", 12),
        ] as [(String, Value)])
    func scalars(_ text: String, _ expected: Value) throws {
        let value = try node("x: \(text == "-" ? "\"- \"" : text)\n").value
        #expect(value == ["x": expected])
    }

    @Test("Infinity and not-a-number are numbers")
    func specialNumbers() throws {
        #expect(try node("[.inf, -.INF]").value == [.number(.infinity), .number(-.infinity)])
        guard case .number(let number) = try node(".nan").content else {
            Issue.record("`.nan` is not a number")
            return
        }
        #expect(number.isNaN)
        #expect(try node("[-.nan, .Infinity]").value == ["-.nan", ".Infinity"])
    }

    @Test(
        "A value knows where it starts and ends",
        arguments: [
            "x: ①abc②\n", "x: ①\"a\\nb\"②  # c\n", "x: ①[1, 2]②\n", "x:\n  ①a: 1\n  b: 2②\n\n",
            "x:\n  ①- 1\n  - [2]②\ny: 1\n",
            "- y\n- x: ①é日🎉②\n", "日本: {x: ①'q'②}\n", "x: ①&a 1②\n", "a: &a 1\nx: ①*a②\n", "x:①②\n",
            "x: ①foo\n  bar②\n# c\n",
            "\u{FEFF}x: ①1②\n", "a: 1\r\nx: ①2②\r\n", "a: \"\u{2028}\u{85}\"\nx: ①2②\n",
            "a: \"\\ud83d\\ude00\"\nx: ①2②\n",
            "{\"e\": \"\\ud83d\\ude00\", x: ①2②}\n",
        ])
    func places(_ text: String) throws {
        let marked = Marked(text)
        let top = try #require(try Reader.read(marked.source, id: SourceID(index: 0)).first)
        let holder = top.entries == nil ? top.elements?.last : top
        let inner = holder?["x"] ?? holder?.entries?.first?.value["x"]
        #expect(inner?.range == marked.range)
    }

    @Test("A key knows where it starts and ends")
    func keyPlaces() throws {
        let marked = Marked("a: 1\n①\"the key\"②: 2\n")
        let top = try #require(try Reader.read(marked.source, id: SourceID(index: 0)).first)
        #expect(top.entries?.last?.keyRange == marked.range)
        #expect(top.entries?.map(\.key) == ["a", "the key"])
    }

    @Test("Aliases stand for what they name, the last of one name")
    func aliases() throws {
        #expect(try node("[&a 1, [&a 2, *a], *a]").value == [1, [2, 2], 2])
        #expect(try node("a: &a {b: [1]}\nc: *a\n").value == ["a": ["b": [1]], "c": ["b": [1]]])
        #expect(try node("&k key: *k\n").value == ["key": "key"])
        #expect(try node("a: &a x\n*a : y\n").value == ["a": "x", "x": "y"])
    }

    @Test("Merged maps give way to explicit keys and to earlier maps")
    func merging() throws {
        let text =
            "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], x: 0}\nd: {y: 5, <<: *a}\ne: {\"<<\": 1}\n"
        let value = try node(text).value
        #expect(value["c"] == ["x": 0, "y": 1, "z": 2])
        #expect(value["d"] == ["x": 1, "y": 5])
        #expect(value["e"] == ["<<": 1])
    }

    @Test("Keys are texts")
    func keys() throws {
        #expect(try node("1: a\ntrue: b\n~: c\n1.50: d\n").value == ["1": "a", "true": "b", "~": "c", "1.50": "d"])
    }

    @Test("Documents are read one by one")
    func documents() throws {
        #expect(reading("a: 1\n---\n- 2\n...\n---\n3\n").documents.map(\.value) == [["a": 1], [2], 3])
        #expect(reading("").documents.isEmpty)
        #expect(reading("# nothing\n").documents.isEmpty)
        #expect(reading("---\n---\n").documents.map(\.value) == [.null, .null])
    }

    @Test("Documents before a mistake are kept")
    func partial() {
        let reading = reading("a: 1\n---\nb: [\n")
        #expect(reading.documents.map(\.value) == [["a": 1]])
        #expect(reading.diagnostics.map(\.code) == ["unclosed-bracket"])
        #expect(!reading.isComplete)
    }

    @Test(
        "Surrogate pairs are joined where they are escapes, and only there",
        arguments: [
            (#"{"a": "\ud83d\ude00"}"#, "😀"), (#"{"a": "x\uD83D\uDE00y"}"#, "x😀y"), (#"a: "\\ud83d""#, #"\ud83d"#),
            (#"a: '\ud83d\uDE00'"#, #"\ud83d\uDE00"#), (#"a: \uD83d"#, #"\uD83d"#), ("a: |-\n  \\uDEad\n", #"\uDEad"#),
            (#"a: "\\\ud83d\ude00""#, #"\😀"#), (#"a: "\ue03d\ud83d\ude00""#, "\u{E03D}😀"),
            ("a: \"\u{E03D}\\ud83d\\ude00\"", "\u{E03D}😀"),
            ("# \\ud800\na: \"\\ud83d\\ude00\"", "😀"), ("a: \"\\ud83d\\ude00 \u{2028}\"", "😀 \u{2028}"),
        ])
    func surrogates(_ text: String, _ expected: String) throws {
        #expect(
            Array(try node(text)["a"]?.string?.unicodeScalars ?? "".unicodeScalars) == Array(expected.unicodeScalars))
    }

    @Test("What YAML 1.1 calls a line break is a character", arguments: ["\u{85}", "\u{2028}", "\u{2029}"])
    func oldLineBreaks(_ character: String) throws {
        for text in ["a: \"x \(character) y\"", "a: 'x \(character) y'", "a: x \(character) y"] {
            #expect(try node(text)["a"]?.string == "x \(character) y")
        }
    }

    @Test("A source that uses every block of characters has none to stand in")
    func exhausted() {
        let all = (0x80..<0xFFFD).compactMap { Unicode.Scalar($0) }.filter {
            !(0x80..<0xA0).contains($0.value) && $0.value != 0xFEFF
        }
        var text = "\"\\ud83d\\ude00"
        text.unicodeScalars.append(contentsOf: all)
        #expect(reading(text + "\"").diagnostics.map(\.code) == ["surrogate-escapes"])
    }

    @Test("Depth is limited at the limit, through aliases too")
    func depth() throws {
        let deepest = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(reading(deepest).diagnostics.isEmpty)
        #expect(reading("[\(deepest)]").diagnostics.map(\.code) == ["too-deep"])
        let half = String(repeating: "[", count: 33) + String(repeating: "]", count: 33)
        let alias = String(repeating: "[", count: 31) + "*a" + String(repeating: "]", count: 31)
        #expect(reading("- &a \(half)\n- \(alias)\n").diagnostics.map(\.code) == ["too-deep"])
        #expect(reading("- &a \(half)\n- \(alias.dropFirst().dropLast())\n").diagnostics.isEmpty)
    }

    @Test("Nodes are limited at the limit")
    func nodes() {
        let thousand = "&a [" + String(repeating: "1,", count: 999) + "]"
        let most = "[" + thousand + String(repeating: ",*a", count: 998) + String(repeating: ",2", count: 999) + "]"
        #expect(reading(most).diagnostics.isEmpty)
        #expect(reading("[0," + most.dropFirst()).diagnostics.map(\.code) == ["too-many-nodes"])
    }

    @Test("Bytes are limited at the limit")
    func bytes() {
        let comment = [UInt8](repeating: UInt8(ascii: "#"), count: Reader.Limits.bytes)
        let id = SourceID(index: 0)
        #expect(Reader.reading(Source(path: "a", bytes: comment), id: id).diagnostics.isEmpty)
        #expect(
            Reader.reading(Source(path: "a", bytes: comment + [35]), id: id).diagnostics.map(\.code) == [
                "file-too-large"
            ])
    }

    @Test("A source with a hundred mistakes is given up")
    func manyMistakes() {
        let reading = reading((0..<200).map { "- !x \($0)\n" }.joined())
        #expect(reading.diagnostics.count == 101)
        #expect(reading.diagnostics.last?.code == "too-many-mistakes")
    }

    @Test("Keys of a large map are checked too")
    func largeMap() {
        let keys = (0..<1_000).map { "k\($0): \($0)\n" }.joined()
        #expect(reading(keys).diagnostics.isEmpty)
        let reading = reading(keys + "k500: x\n")
        #expect(reading.diagnostics.map(\.code) == ["duplicate-key"])
        #expect(reading.documents.first?["k500"]?.content == .integer(500))
    }
}
