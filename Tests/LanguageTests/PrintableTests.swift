import Language
import Testing

@Suite("What controls a terminal")
struct PrintableTests {
    /// A text as a server sends it, and as it is shown in one line.
    private static let lines: [(String, String)] = [
        ("\u{1B}[2K\u{1B}[1A", #"\u{1B}[2K\u{1B}[1A"#), ("a\u{1B}]8;;http://x\u{7}b", #"a\u{1B}]8;;http://x\u{7}b"#),
        ("a\rb", #"a\u{D}b"#), ("a\nb", #"a\u{A}b"#), ("\u{9B}31m", #"\u{9B}31m"#),
        ("\u{90}q\u{9C}", #"\u{90}q\u{9C}"#),
        ("\u{202E}abc\u{2066}d\u{061C}", #"\u{202E}abc\u{2066}d\u{61C}"#), ("\u{7F}\u{8}\u{0}", #"\u{7F}\u{8}\u{0}"#),
        ("Grüße 👩‍👩‍👧 किताबें", "Grüße 👩‍👩‍👧 किताबें"),
    ]

    @Test("Is made visible, and nothing else is changed", arguments: lines)
    func line(text: String, shown: String) {
        #expect(Printable.text(text) == shown)
        #expect(Printable.text(shown) == shown)
    }

    @Test("In a text of several lines, line ends, tabs and the marks of right-to-left writing stay")
    func block() {
        #expect(Printable.block("a\r\nb\tc\n\u{200F}d") == "a\nb\tc\n\u{200F}d")
        #expect(Printable.block("10 %\rdone\u{1B}[0m\n") == "10 %\\u{D}done\\u{1B}[0m\n")
        #expect(Printable.lines("a\r\nb\u{9B}1A\nc") == ["a", #"b\u{9B}1A"#, "c"])
    }

    @Test("JSON for people escapes it, and means the same")
    func json() throws {
        let value: Value = ["a": "\u{1B}]8;;x\u{7} \u{9B}1A \u{7F}\u{202E}\u{2028}é"]
        let text = value.prettyJSON
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || !Printable.isControl($0) }, "\(text.debugDescription)")
        #expect(try Value(json: text.utf8) == value)
    }
}
