import Foundation
import Kinds
import Testing

@Suite("All.swift of the kinds")
struct AllKindsTests {
    /// Folders that are no kind, and what they belong to.
    private static let parts = ["Document": "vector stores", "AgentVersion": "agents"]

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sources/Kinds")

    private static func text(_ path: String) -> String {
        (try? String(contentsOf: folder.appending(path: path), encoding: .utf8)) ?? ""
    }

    /// The folders of kinds.
    private static func folders() throws -> [String] {
        let urls = try FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: [.isDirectoryKey])
        return try urls.filter { try $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true }
            .map(\.lastPathComponent).filter { parts[$0] == nil }.sorted()
    }

    /// The name of a folder's entry: `experiments`.
    private static func entry(of folder: String) -> String? {
        let match = text("\(folder)/\(folder)Kind.swift").firstMatch(of: /static let (\w+) = Kind\(/)
        return match.map { String($0.output.1) }
    }

    @Test("Every folder of Sources/Kinds is a kind that is listed")
    func listed() throws {
        let folders = try Self.folders()
        #expect(!folders.isEmpty)
        let all = Self.text("All.swift")
        for folder in folders {
            guard let entry = Self.entry(of: folder) else {
                Issue.record("Sources/Kinds/\(folder) has no \(folder)Kind.swift with `static let … = Kind(`.")
                continue
            }
            #expect(all.contains("\n        .\(entry),\n"), "Add to `standard` in Sources/Kinds/All.swift: .\(entry),")
        }
        #expect(folders.count == Kinds.standard.all.count)
    }

    @Test("Every part is still a folder")
    func parts() {
        for part in Self.parts.keys {
            #expect(FileManager.default.fileExists(atPath: Self.folder.appending(path: part).path), "\(part)")
        }
    }
}
