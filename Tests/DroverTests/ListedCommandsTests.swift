import Foundation
import Testing

@Suite("Main.swift")
struct ListedCommandsTests {
    @Test("Every command of Sources/CLI/Commands is listed where its parent lists its subcommands")
    func listed() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/CLI")
        let commands = folder.appending(path: "Commands")
        let names = try FileManager.default.contentsOfDirectory(atPath: commands.path).filter { $0.hasSuffix(".swift") }
        let texts = try names.map { try String(contentsOf: commands.appending(path: $0), encoding: .utf8) }
        let main = try String(contentsOf: folder.appending(path: "Main.swift"), encoding: .utf8)
        let lists = ([main] + texts).filter { $0.contains("subcommands:") }.joined()
        let types = texts.flatMap { text in
            text.matches(of: /struct (\w+): (?:Async)?ParsableCommand/).map { String($0.output.1) }
        }
        #expect(types.count >= 8)
        for type in types {
            #expect(
                lists.contains("\(type).self"),
                "Add to the subcommands of its parent, such as Main.swift: \(type).self,")
        }
    }
}
