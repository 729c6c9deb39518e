import Foundation
import Language
import Testing

@testable import Kinds

@Suite("Glob")
struct GlobTests {
    /// A folder `spec` with files, beside a folder `outside`.
    private static func folder() throws -> (folder: SpecFolder, url: URL) {
        let top = URL.temporaryDirectory.appending(path: "drover-glob-\(UUID().uuidString)")
        let names = [
            "spec/a.md", "spec/b.txt", "spec/.hidden.md", "spec/docs/c.md", "spec/docs/deep/d.md",
            "spec/docs/deep/e1.md",
            "spec/docs/.git/f.md", "spec/[odd].md", "outside/secret.md",
        ]
        for name in names {
            let file = top.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(name.utf8).write(to: file)
        }
        let spec = top.appending(path: "spec")
        return (SpecFolder(root: spec.path) { _ in spec.path }, spec)
    }

    private static func located(_ text: String) -> Located<String> {
        Located(text, at: .start(of: SourceID(index: 0)))
    }

    private static let patterns: [(String, [String])] = [
        ("*.md", ["[odd].md", "a.md"]), ("./*.md", ["[odd].md", "a.md"]), ("?.md", ["a.md"]),
        ("**/*.md", ["[odd].md", "a.md", "docs/c.md", "docs/deep/d.md", "docs/deep/e1.md"]),
        ("docs/**", ["docs/c.md", "docs/deep/d.md", "docs/deep/e1.md"]),
        ("docs/**/**/**/d.md", ["docs/deep/d.md"]), ("**/deep/*", ["docs/deep/d.md", "docs/deep/e1.md"]),
        ("*.{md,txt}", ["[odd].md", "a.md", "b.txt"]), ("{a,{b,x}}.{md,txt}", ["a.md", "b.txt"]),
        ("[a-b].*", ["a.md", "b.txt"]), ("[!a].*", ["b.txt"]), (".*.md", [".hidden.md"]),
        ("docs/*/e[0-9].md", ["docs/deep/e1.md"]),
        ("\\[odd\\].md", ["[odd].md"]), ("[[]odd[]].md", ["[odd].md"]), ("[[]odd[!a]*", ["[odd].md"]),
        ("\\[*", ["[odd].md"]), ("[o[]*", ["[odd].md"]),
        ("a.md", ["a.md"]), ("*d*.*m*d", ["[odd].md"]), ("docs/../*.txt", ["docs/../b.txt"]),
    ]

    @Test("A pattern finds what it says, sorted", arguments: patterns)
    func finds(pattern: String, expected: [String]) throws {
        let paths = try Glob(Self.located(pattern)).paths(in: try Self.folder().folder)
        #expect(paths == expected)
    }

    @Test(
        "A pattern that matches nothing, or is not relative, is told",
        arguments: [
            ("*.pdf", "empty-glob"), ("docs/[.md", "empty-glob"), ("docs/.git*/*.txt", "empty-glob"),
            ("/etc/*", "absolute-glob"),
            ("../outside/*.md", "outside-root"), ("docs/../../../../../../**/*.md", "outside-root"),
            (String(repeating: "{a,b}", count: 99), "wide-glob"), (String(repeating: "{a}", count: 101), "wide-glob"),
        ])
    func refused(pattern: String, code: String) throws {
        let folder = try Self.folder().folder
        let thrown = #expect(throws: Diagnostic.self) {
            try Glob(Self.located(pattern)).paths(in: folder)
        }
        #expect(thrown?.code.name == code)
    }

    @Test("`**` follows no links: neither round in circles nor out of the root")
    func links() throws {
        let (folder, url) = try Self.folder()
        let manager = FileManager.default
        try manager.createSymbolicLink(atPath: url.path + "/docs/loop", withDestinationPath: "..")
        try manager.createSymbolicLink(atPath: url.path + "/docs/out", withDestinationPath: "../../outside")
        let paths = try Glob(Self.located("docs/**/*.md")).paths(in: folder)
        #expect(paths == ["docs/c.md", "docs/deep/d.md", "docs/deep/e1.md"])
    }

    @Test(
        "A link that leads out of the root is refused, whatever names it",
        arguments: ["*.md", "link.md", "docs/out/*.md", "docs/out/secret.md"])
    func confinement(pattern: String) throws {
        let (folder, url) = try Self.folder()
        let manager = FileManager.default
        try manager.createSymbolicLink(atPath: url.path + "/link.md", withDestinationPath: "../outside/secret.md")
        try manager.createSymbolicLink(atPath: url.path + "/docs/out", withDestinationPath: "../../outside")
        let thrown = #expect(throws: (any Error).self) {
            try DocumentReader(folder: folder).documents([.glob(Self.located(pattern))])
        }
        let codes = (thrown as? Diagnostics)?.all.map(\.code.name)
        #expect(codes == ["outside-root"])
    }

    @Test("A pattern of many stars takes no time")
    func stars() throws {
        let (folder, url) = try Self.folder()
        try Data().write(to: url.appending(path: String(repeating: "a", count: 200)))
        let pattern = String(repeating: "*a", count: 40) + "*b"
        let thrown = #expect(throws: Diagnostic.self) { try Glob(Self.located(pattern)).paths(in: folder) }
        #expect(thrown?.code.name == "empty-glob")
    }
}
