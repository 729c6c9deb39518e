import Engine
import Foundation
import Kinds
import Language
import Testing

@Suite("All.swift of the kinds")
struct AllKindsTests {
    /// Folders that are no kind, and what they belong to.
    private static let parts = ["Document": "vector stores", "AgentVersion": "agents", "Trials": "the doctor"]

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sources/Kinds")

    /// The folders of kinds with the key of the kind, and whether it is reconciled.
    private static func folders() throws -> [(name: String, kind: String, isReconciled: Bool)] {
        let urls = try FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: [.isDirectoryKey])
        return try urls.compactMap { url in
            guard try url.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true else { return nil }
            let name = url.lastPathComponent
            guard parts[name] == nil else { return nil }
            let texts = ["Resource", "Spec"].map { suffix in
                (try? String(contentsOf: url.appending(path: "\(name)\(suffix).swift"), encoding: .utf8)) ?? ""
            }
            let match = texts.joined().firstMatch(of: /static let kind = "(\w+)"/)
            return (name, match.map { String($0.output.1) } ?? "", !texts[0].isEmpty)
        }
    }

    @Test("Every folder of Sources/Kinds is a kind that is listed")
    func listed() async throws {
        let folders = try Self.folders()
        #expect(!folders.isEmpty)
        let stack = try TestStack()
        let drivers = try await stack.open("experiments: {e: {}}").drivers.map(\.kind)
        let sections = Kinds.sections.map(\.key)
        for folder in folders {
            #expect(
                !folder.kind.isEmpty,
                "Sources/Kinds/\(folder.name) has no \(folder.name)Resource.swift or \(folder.name)Spec.swift with a `kind`"
            )
            #expect(
                sections.contains(folder.kind),
                "Add to `sections` in Sources/Kinds/All.swift: Section(\(folder.name)Resource.kind, \(folder.name)Spec.self, \"…\"),"
            )
            #expect(
                !folder.isReconciled || drivers.contains(folder.kind),
                "Add to `drivers` in Sources/Kinds/All.swift: drivers.append(ResourceDriver(\(folder.name)Resource(…)))"
            )
        }
    }

    @Test("Every part is still a folder, and every kind has one")
    func noMore() throws {
        for part in Self.parts.keys {
            #expect(FileManager.default.fileExists(atPath: Self.folder.appending(path: part).path), "\(part)")
        }
        #expect(try Set(Self.folders().map(\.kind)) == Set(Kinds.sections.map(\.key)))
    }
}
