import Language
import Testing

@Suite("Place")
struct PlaceTests {
    @Test(
        "A place is written as text and read back",
        arguments: ["specs/helpdesk.yaml", "a:b.yaml", "<stdin>", "x-1:2-3.yaml"])
    func text(path: String) throws {
        var sources = SourceMap()
        _ = sources.add(Source(path: "other.yaml", bytes: []))
        let id = sources.add(Source(path: path, bytes: []))
        let range = SourceRange(
            source: id, start: SourcePosition(line: 14, column: 9), end: SourcePosition(line: 15, column: 26))
        let place = Place(range, in: sources)
        #expect(place.description == "\(path):14:9-15:26")
        #expect(Place(place.description) == place)
        #expect(sources.range(of: place) == range)
    }

    @Test(
        "What is no place is not read as one",
        arguments: [
            "", "a.yaml", "a.yaml:1:2", "a.yaml:1:2-3", "a.yaml:1:2-3:x", "a.yaml:1:2-3-4:5", "a.yaml:-1:2-3:4",
        ])
    func malformed(text: String) {
        #expect(Place(text) == nil)
    }

    @Test("A place of a source that was not read has no range")
    func unknown() {
        #expect(Place("a.yaml:1:2-1:3").map { SourceMap().range(of: $0) } == .some(nil))
    }

    @Test("Of quoted lines the same snippet is made as of the source, and the password in a URL is not quoted")
    func quotedLines() throws {
        let marked = Marked("a:\n  url: ①http://me:secret@host/②\n", path: "spec.yaml")
        var sources = SourceMap()
        _ = sources.add(marked.source)
        var quoter = LineQuoter(sources)
        let line = quoter.firstLine(of: marked.range)
        #expect(line == "  url: http://me:******@host/")
        var lines = QuotedLines()
        lines.keep(line, atLine: 2, of: "spec.yaml")
        let diagnostic = Diagnostic("code", "Summary", detail: "Why.", at: marked.range)
        #expect(
            DiagnosticRenderer(sources: lines.sources(["spec.yaml"]), colors: false).render([diagnostic])
                == DiagnosticRenderer(sources: sources, colors: false).render([diagnostic]))
    }
}
