import Language
import Testing

@Suite("DiagnosticRenderer")
struct DiagnosticRendererTests {
    private func render(_ text: String, detail: String = "Why.", colors: Bool = false) -> String {
        let marked = Marked(text, path: "a b.yaml")
        var sources = SourceMap()
        _ = sources.add(marked.source)
        let diagnostic = Diagnostic("code", "Summary", detail: detail, fix: "Do it.", at: marked.range)
        return DiagnosticRenderer(sources: sources, colors: colors).render([diagnostic])
    }

    @Test("The layout is that of the specification")
    func layout() {
        let marked = Marked(
            String(repeating: "\n", count: 13) + "    ①instrctions②: Be brief.\n", path: "specs/helpdesk.yaml")
        var sources = SourceMap()
        _ = sources.add(marked.source)
        let diagnostic = Diagnostic(
            "unknown-field", "Unknown field", detail: "An agent has no field `instrctions`.",
            fix: "Did you mean `instructions`?", at: marked.range)
        #expect(
            DiagnosticRenderer(sources: sources, colors: false).render([diagnostic]) == """
                error[unknown-field]: Unknown field
                  --> specs/helpdesk.yaml:14:5
                   |
                14 |     instrctions: Be brief.
                   |     ^^^^^^^^^^^ An agent has no field `instrctions`.
                   |
                   = fix: Did you mean `instructions`?

                """)
    }

    @Test(
        "Carets stand below what they mean",
        arguments: [
            ("a: ①日本②x", "1 | a: 日本x\n  |    ^^^^ Why."), ("\t①b②", "1 |     b\n  |     ^ Why."),
            ("e\u{301}: ①b②", "1 | e\u{301}: b\n  |    ^ Why."), ("①a:\n  b②", "1 | a:\n  | ^^ Why."),
            ("ab①②", "1 | ab\n  |   ^ Why."),
            ("🎉 ①x②", "1 | 🎉 x\n  |    ^ Why."), ("a\u{1B}[31m①x②", "1 | a\u{FFFD}[31mx\n  |       ^ Why."),
            ("①\u{202E}②", "1 | \u{FFFD}\n  | ^ Why."),
        ])
    func carets(_ text: String, _ expected: String) {
        #expect(render(text).contains(expected))
    }

    @Test("A long line is cut around the carets")
    func longLine() {
        let text = render(String(repeating: "x ", count: 100_000) + "①HERE②" + String(repeating: " y", count: 100_000))
        let lines = text.split(separator: "\n")
        #expect(lines.allSatisfy { $0.count < 130 })
        let line = lines.first { $0.hasPrefix("1 | …") }
        let carets = lines.first { $0.contains("^^^^") }
        #expect(line?.hasSuffix("…") == true)
        #expect(line?.prefix(carets?.prefix { $0 != "^" }.count ?? 0).count == line?.prefix { $0 != "H" }.count)
    }

    @Test("Thousands of mistakes and secrets on one line take no longer each than a few")
    func manyOnOneLine() {
        let count = 5_000
        let pattern = "é: secret" + String(repeating: "·", count: 191)
        var sources = SourceMap()
        let id = sources.add(
            Source(path: "a", bytes: Array(String(repeating: pattern, count: count).utf8)))
        let width = pattern.unicodeScalars.count
        let diagnostics = (0..<count).map { index in
            var diagnostic = Diagnostic("code", "Summary", detail: "\(index).")
            let start = SourcePosition(line: 1, column: UInt32(index * width + 4))
            let end = SourcePosition(line: 1, column: start.column + 6)
            diagnostic.subject = SourceRange(source: id, start: start, end: end)
            diagnostic.hidden = diagnostic.subject.map { [$0] } ?? []
            return diagnostic
        }
        let clock = ContinuousClock()
        var text = ""
        let took = clock.measure { text = DiagnosticRenderer(sources: sources, colors: false).render(diagnostics) }
        // Ten times what it takes without optimization; a look at the whole line for each took minutes.
        #expect(took < .seconds(30))
        #expect(!text.contains("secret"))
        let snippets = text.split(separator: "\n").filter { $0.hasPrefix("1 | ") }
        #expect(snippets.count == count && snippets.dropFirst(2).allSatisfy { $0.contains("é: ******·") })
        #expect(text.split(separator: "\n").count { $0.hasSuffix("^^^^^^ 4999.") } == 1)
    }

    @Test("Further lines of the reason stand below its first")
    func manyLines() {
        #expect(render("a: ①b②", detail: "One.\nTwo.").contains("  |    ^ One.\n  |      Two.\n"))
    }

    @Test("A password in a URL is not shown")
    func password() {
        let text = render("①url②: https://me:s3cret@host/?a=b@c")
        #expect(!text.contains("s3cret"))
        #expect(text.contains("https://me:******@host/?a=b@c"))
        #expect(render("①url②: https://s3cret@host/?a=b@c").contains("https://******@host/?a=b@c"))
        #expect(render("①url②: https://host/s@c").contains("https://host/s@c"))
    }

    @Test("Colours are there only when asked for")
    func colors() {
        #expect(render("①a②", colors: true).contains("\u{1B}[1;31merror[code]\u{1B}[0m"))
        #expect(!render("①a②").contains("\u{1B}"))
    }

    @Test("Places are sorted, and what has none comes last with its address")
    func order() {
        var sources = SourceMap()
        let first = sources.add(Source(path: "a", bytes: Array("x: 1\ny: 2\n".utf8)))
        func place(_ line: UInt32) -> SourceRange {
            SourceRange(source: first, start: .init(line: line, column: 1), end: .init(line: line, column: 2))
        }
        let diagnostics = [
            Diagnostic("none", "None", detail: "N.", address: "agents.support", notes: [.init("Tried.")]),
            Diagnostic("second", "Second", detail: "S.", at: place(2)),
            Diagnostic("first", "First", detail: "F.", at: place(1)),
        ]
        let renderer = DiagnosticRenderer(sources: sources, colors: false)
        #expect(diagnostics.sortedByPlace().map(\.code) == ["first", "second", "none"])
        #expect(
            renderer.render(diagnostics).hasSuffix(
                """
                error[none]: None
                --> agents.support
                 = why: N.
                 = note: Tried.

                """))
        #expect(renderer.json(diagnostics).array?.compactMap { $0["code"]?.string } == ["first", "second", "none"])
    }

    @Test("JSON and SARIF carry the same data")
    func machineFormats() {
        let marked = Marked("a: ①b②", path: "dir/ä b.yaml")
        var sources = SourceMap()
        _ = sources.add(marked.source)
        let diagnostic = Diagnostic(
            "code", "Summary", detail: "Why.", fix: "Do.", at: marked.range, address: "agents.a",
            notes: [.init("There.", at: marked.range), .init("Also.")], severity: .warning)
        let renderer = DiagnosticRenderer(sources: sources, colors: false)
        let place: [String: Value] = [
            "file": "dir/ä b.yaml", "start": ["line": 1, "column": 4], "end": ["line": 1, "column": 5],
        ]
        let note = Value.object(place.merging(["text": "There."]) { $1 })
        #expect(
            renderer.json([diagnostic]) == [
                .object(
                    place.merging([
                        "severity": "warning", "code": "code", "summary": "Summary", "detail": "Why.", "fix": "Do.",
                        "address": "agents.a", "notes": [note, ["text": "Also."]],
                    ]) { $1 })
            ])
        let run = renderer.sarifRun([diagnostic], version: "1.0")
        let result = run["results"]?.array?.first
        let region = result?["locations"]?.array?.first?["physicalLocation"]
        #expect(region?["artifactLocation"]?["uri"] == "dir/%C3%A4%20b.yaml")
        #expect(region?["region"] == ["startLine": 1, "startColumn": 4, "endLine": 1, "endColumn": 5])
        #expect(result?["level"] == "warning")
        #expect(result?["message"]?["text"] == "Why.\nFix: Do.\nNote: Also.")
        #expect(result?["relatedLocations"]?.array?.count == 1)
        #expect(run["tool"]?["driver"]?["rules"] == [["id": "code", "shortDescription": ["text": "Summary"]]])
        #expect(run["columnKind"] == "unicodeCodePoints")
    }
}
