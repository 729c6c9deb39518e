import Testing
import Wire

@Suite("Charsets")
struct CharsetTests {
    @Test(
        "The name of a charset is read from a content type",
        arguments: [
            ("text/plain; charset=\"ISO-8859-1\"", "ISO-8859-1"), ("text/html;x=y; Charset = utf-16", "utf-16"),
            ("text/plain; charset=UTF-8", nil), ("text/plain;charset=us-ascii", nil), ("text/plain", nil), (nil, nil),
        ] as [(String?, String?)])
    func names(type: String?, name: String?) {
        #expect(Charset.name(in: type) == name)
    }

    @Test(
        "Text becomes UTF-8, also in pieces that cut characters",
        arguments: [
            ("iso-8859-1", [0x63, 0x61, 0x66, 0xE9, 0x80], "café€"), ("windows-1251", [0xCF, 0xF0], "Пр"),
            ("utf-16", [0xFF, 0xFE, 0x41, 0x00, 0x3D, 0xD8, 0x00, 0xDE], "A😀"),
            ("shift_jis", [0x93, 0xFA, 0x96, 0x7B], "日本"), ("utf-16le", [0x41, 0x00, 0x3D, 0xD8], "A\u{FFFD}\u{FFFD}"),
        ] as [(String, [UInt8], String)])
    func converts(name: String, bytes: [UInt8], text: String) {
        guard var whole = Charset(name), var pieces = Charset(name) else {
            Issue.record("\(name) is not known")
            return
        }
        #expect(String(decoding: whole.utf8(bytes, isLast: true), as: UTF8.self) == text)
        var converted: [UInt8] = []
        for byte in bytes { converted += pieces.utf8([byte], isLast: false) }
        converted += pieces.utf8([], isLast: true)
        #expect(String(decoding: converted, as: UTF8.self) == text)
    }

    @Test(
        "A name that the system does not know, or that is none, is told",
        arguments: ["klingon", "", "utf-8//IGNORE", "a b"])
    func unknown(name: String) {
        if Charset(name) != nil { Issue.record("\(name) is known") }
    }
}
