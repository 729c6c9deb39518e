import Foundation
import Testing

@testable import Language

@Suite("RealPaths")
struct RealPathsTests {
    /// A folder `real` with a file and a folder in it, links to each of them, and a link that leads nowhere.
    private static func folder() throws -> String {
        let top = URL.temporaryDirectory.appending(path: "drover-paths-\(UUID().uuidString)")
        let manager = FileManager.default
        try manager.createDirectory(at: top.appending(path: "real/deep"), withIntermediateDirectories: true)
        for name in ["real/a.md", "real/deep/b.md"] { try Data().write(to: top.appending(path: name)) }
        let links = [
            "folder": "real", "real/up": "..", "file.md": "real/a.md", "twice.md": "file.md", "nowhere.md": "gone.md",
        ]
        for (name, target) in links {
            try manager.createSymbolicLink(atPath: top.path + "/" + name, withDestinationPath: target)
        }
        return top.standardizedFileURL.resolvingSymlinksInPath().path
    }

    private static let paths = [
        ("real/a.md", "real/a.md"), ("folder/a.md", "real/a.md"), ("folder/deep/b.md", "real/deep/b.md"),
        ("file.md", "real/a.md"), ("twice.md", "real/a.md"), ("folder", "real"), ("folder/", "real"),
        ("./real/./a.md", "real/a.md"), ("real//a.md", "real/a.md"), ("real/deep/../a.md", "real/a.md"),
        ("real/up/file.md", "real/a.md"), ("real/deep/..", "real"), ("real/.", "real"),
        ("real/gone.md", "real/gone.md"), ("nowhere.md", "nowhere.md"),
    ]

    @Test("A path leads where its links lead, whether or not its directory was looked at before", arguments: paths)
    func resolves(path: String, expected: String) throws {
        let top = try Self.folder()
        let places = RealPaths()
        for _ in 1...2 { #expect(places.resolve("\(top)/\(path)") == "\(top)/\(expected)") }
        #expect(
            places.resolve("\(top)/\(path)")
                == URL(filePath: "\(top)/\(path)").standardizedFileURL.resolvingSymlinksInPath().path)
    }

    @Test("A file beside the root and the root itself keep their names")
    func root() {
        #expect(RealPaths().resolve("/") == "/")
        #expect(RealPaths().resolve("/usr") == URL(filePath: "/usr").resolvingSymlinksInPath().path)
    }
}
