import Testing
import Wire

@Suite struct DocumentNameTests {
    @Test(
        "A path becomes a name that OGX keeps as it is, and comes back",
        arguments: [
            "docs/refunds.md", "my_notes.md", "a..b/../c.md", ".hidden", "a__b/c_2Fd", "Zásady & ceny (1).pdf", "-",
            "a/",
        ]
    )
    func roundTrip(_ path: String) {
        let name = DocumentName.filename(forPath: path)
        #expect(name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) })
        #expect(!name.contains("..") && !name.hasPrefix("."))
        #expect(DocumentName.path(ofFilename: name) == path)
    }

    @Test("Names stay readable")
    func readable() {
        #expect(DocumentName.filename(forPath: "docs/refunds.md") == "docs__refunds.md")
        #expect(DocumentName.filename(forPath: "my_notes.md") == "my_5Fnotes.md")
    }

    @Test("A name that is not ours stays as it is", arguments: ["my_notes.md", "a_", "a_5", "a_2f", "x y.md"])
    func foreign(_ name: String) {
        #expect(DocumentName.path(ofFilename: name) == name)
    }
}
