import Testing

@testable import Language

@Suite("Paths and exact texts")
struct PathsTests {
    @Test(
        "A path without what changes nothing",
        arguments: [
            ("docs/a.md", "docs/a.md"), ("./docs/a.md", "docs/a.md"), ("docs//a.md", "docs/a.md"),
            ("docs/./a.md", "docs/a.md"), ("docs/x/../a.md", "docs/a.md"), ("../a.md", "../a.md"), ("docs/", "docs"),
            ("/docs/a.md", "/docs/a.md"), ("//docs/a.md", "/docs/a.md"), ("/", "/"), ("", ""), (".", ""),
            (".hidden/a.md", ".hidden/a.md"), ("docs/.hidden", "docs/.hidden"), ("docs/a..b", "docs/a..b"),
        ])
    func shortened(path: String, short: String) {
        #expect(Paths.shortened(path) == short)
    }

    @Test("Texts are the same only where their bytes are, however they are stored")
    func exact() {
        let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}")
        #expect(composed == decomposed && !composed.isExactly(decomposed))
        #expect("".isExactly("") && !"".isExactly("a") && !"a".isExactly("b") && !"ab".isExactly("a"))
        let long = String(repeating: "long text ", count: 10)
        #expect(long.isExactly(long + "" as String) && !long.isExactly(long.dropLast() + "."))
        #expect(long.dropFirst(3).isExactly(String(long.dropFirst(3))) && "é".dropFirst().isExactly(""))
    }

    @Test("The members of an object are found by keys with escapes and other letters, too")
    func members() throws {
        let text = #"{"a\u0062":1,"caf\u00e9":2,"caf\#u{e9}s":3,"ab c":4}"#
        let members = try #require(try JSONMembers(Array(text.utf8)))
        #expect(members.value("ab") == 1 && members.value("caf\u{e9}") == 2 && members.value("caf\u{e9}s") == 3)
        #expect(members.value("ab c") == 4 && members.value("cafe\u{301}") == nil && members.value("a") == nil)
    }
}
