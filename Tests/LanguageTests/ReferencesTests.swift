import Language
import Testing

@Suite("References")
struct ReferencesTests {
    private let place = Marked("①②").range

    @Test("A text without references is no template", arguments: ["", "plain", "$x", "{a}", "$ {x}", "100$", "{$}"])
    func none(_ text: String) throws {
        #expect(try References.parse(text, at: place) == nil)
    }

    @Test(
        "Literals and references are told apart",
        arguments: [
            ("${var.x}", [.reference(Reference(path: ["var", "x"]))]),
            ("a ${row.q}!", [.literal("a "), .reference(Reference(path: ["row", "q"])), .literal("!")]),
            ("${env.HOME:-/tmp}", [.reference(Reference(path: ["env", "HOME"], fallback: "/tmp"))]),
            ("${env.X:-}", [.reference(Reference(path: ["env", "X"], fallback: ""))]),
            ("${env.X:-http://h:80/a-b}", [.reference(Reference(path: ["env", "X"], fallback: "http://h:80/a-b"))]),
            (
                "${a.b-c.d_1}${e.f}",
                [.reference(Reference(path: ["a", "b-c", "d_1"])), .reference(Reference(path: ["e", "f"]))]
            ),
            ("$${var.x}", [.literal("${var.x}")]), ("$$${a.b}", [.literal("$${a.b}")]),
            ("a$$b${c.d}", [.literal("a$$b"), .reference(Reference(path: ["c", "d"]))]),
            ("日 ${a.b} é", [.literal("日 "), .reference(Reference(path: ["a", "b"])), .literal(" é")]),
        ] as [(String, [Template.Part])])
    func parts(_ text: String, _ expected: [Template.Part]) throws {
        #expect(try References.parse(text, at: place)?.parts == expected)
    }

    @Test(
        "A mistake points at the reference inside its scalar",
        arguments: [
            "a ①${b c}② d", "\"a ①${}② d\"", "①${b②", "'日本 ①${1a.b}②'",
        ])
    func mistakes(_ text: String) throws {
        let marked = Marked(text)
        let top = try #require(try Reader.read(marked.source, id: SourceID(index: 0)).first)
        let error = #expect(throws: Diagnostic.self) { try References.parse(top.string ?? "", at: top.range) }
        #expect(error?.subject == marked.range)
    }

    @Test("A mistake in a text with escapes points at the whole text")
    func escaped() throws {
        let marked = Marked("①\"\\t${}\"②")
        let top = try #require(try Reader.read(marked.source, id: SourceID(index: 0)).first)
        let error = #expect(throws: Diagnostic.self) { try References.parse(top.string ?? "", at: top.range) }
        #expect(error?.subject == marked.range)
    }
}
