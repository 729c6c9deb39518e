import Engine
import Fakes
import Language
import Testing

@testable import Kinds

@Suite("Documents")
struct DocumentTests {
    private static func spec(_ documents: String) -> String {
        "vectorStores: {v: {embeddingModel: m, documents: \(documents)}}"
    }

    /// The paths of the documents of a store, in a folder with some files.
    private static func paths(_ documents: String, files: [String]) throws -> [String] {
        let stack = try TestStack()
        for file in files { try stack.write(file, file) }
        let (workflow, folder) = try stack.declare(spec(documents))
        let specs = workflow.specs(of: VectorStoreSpec.self).flatMap(\.spec.documents)
        return try DocumentReader(folder: folder).documents(specs).map(\.path)
    }

    @Test(
        "A document has one path, however it is spelled",
        arguments: [
            "[./docs/a.md]", "[docs/a.md, ./docs/a.md]", "[docs//a.md, {path: ./docs/a.md}]", "[docs/../docs/a.md]",
            "[\"docs/*.md\", \"./docs/./*.md\", docs/a.md]", "[\"docs/../docs/*.md\"]",
        ])
    func onePath(documents: String) throws {
        #expect(try Self.paths(documents, files: ["docs/a.md"]) == ["docs/a.md"])
    }

    @Test("The same document twice, with other attributes, is told whatever its spelling")
    func twice() throws {
        let thrown = #expect(throws: Diagnostics.self) {
            try Self.paths("[docs/a.md, {path: ./docs/a.md, attributes: {lang: en}}]", files: ["docs/a.md"])
        }
        #expect(thrown?.all.map(\.code.name) == ["duplicate-document"])
    }

    @Test(
        "Paths that differ only in normalisation are told, none is lost",
        arguments: ["[\"nf/*.md\"]", "[nf/caf\u{E9}.md, nf/cafe\u{301}.md]"])
    func normalisation(documents: String) throws {
        let files = ["nf/caf\u{E9}.md", "nf/cafe\u{301}.md"]
        let thrown = #expect(throws: Diagnostics.self) { try Self.paths(documents, files: files) }
        #expect(thrown?.all.map(\.code.name) == ["look-alike-documents"])
        let found = try Self.paths("[nf/cafe\u{301}.md]", files: files)
        #expect(found.map { Array($0.utf8) } == [Array("nf/cafe\u{301}.md".utf8)])
    }

    @Test(
        "What people write who know other tools is told with what to write",
        arguments: [
            ("[docs]", "Write which of its files are documents, such as `docs/**/*.md`."),
            ("[{path: docs/}]", "Write which of its files are documents, such as `docs/**/*.md`."),
            (#"["docs\\a.md"]"#, "Did you mean `docs/a.md`?"), (#"["docs\\*.md"]"#, "Did you mean `docs/*.md`?"),
            (
                #"["!docs/a.md"]"#,
                "Write patterns that match only what is wanted, such as `docs/[!_]*.md` or `{docs,faq}/*.md`."
            ),
        ])
    func hints(documents: String, fix: String) throws {
        let thrown = #expect(throws: Diagnostics.self) { try Self.paths(documents, files: ["docs/a.md"]) }
        #expect(thrown?.all.map(\.fix) == [fix])
    }
}
