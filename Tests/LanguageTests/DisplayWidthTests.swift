import Language
import Testing

@Suite("Display width")
struct DisplayWidthTests {
    @Test(
        "Columns are counted as terminals show text",
        arguments: [
            ("", 0), ("refund", 6), ("größe", 5), ("gro\u{308}ße", 5), ("退款", 4), ("ｱｲ", 2), ("한국", 4),
            ("\u{1112}\u{1161}\u{11AB}", 2), ("हिन्दी", 5), ("किताब", 5), ("😀", 2), ("👩‍👩‍👧", 2), ("👍🏽", 2), ("🇳🇴", 2),
            ("1\u{FE0F}\u{20E3}", 2), ("❤\u{FE0F}", 2), ("❤", 1), ("a\u{200B}b", 2),
        ])
    func width(text: String, columns: Int) {
        #expect(Printable.width(of: text) == columns)
    }

    @Test("A text that is too wide loses its middle, and never half of a character")
    func clipped() {
        #expect(Printable.clipped("smoke/refund", to: 12) == "smoke/refund")
        #expect(Printable.clipped("smoke/refund-window[row 3]", to: 16) == "smoke/refu…ow 3]")
        #expect(Printable.clipped("退款退款退款退款", to: 8) == "退款…款")
        #expect(Printable.clipped("👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧", to: 7) == "👩‍👩‍👧👩‍👩‍👧…👩‍👩‍👧")
        #expect(Printable.clipped("e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}", to: 4) == "e\u{301}e\u{301}…e\u{301}")
        for width in 1...12 {
            #expect(Printable.width(of: Printable.clipped("a退b👍🏽c한d🇳🇴e1\u{FE0F}\u{20E3}", to: width)) <= width)
        }
    }
}
