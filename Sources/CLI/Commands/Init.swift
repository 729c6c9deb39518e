import ArgumentParser
import FoundationEssentials
import Language

/// `drover init`.
struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a commented spec to start from.",
        discussion: """
            EXAMPLES
              drover init
              drover init specs/shop && drover validate specs/shop
            """)

    @Argument(help: "The directory that gets a drover.yaml.")
    var directory = "."

    func run() throws {
        let folder = URL(filePath: directory).standardizedFileURL
        let file = folder.appending(path: "drover.yaml")
        let shown = directory == "." ? "drover.yaml" : "\(directory)/drover.yaml"
        guard !FileManager.default.fileExists(atPath: file.path) else { throw Diagnostic.exists(shown) }
        let name = folder.lastPathComponent.lowercased()
        let spec = StartingSpec.text(stack: DeclaredName.isValid(name) ? name : "my-stack")
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data(spec.utf8).write(to: file, options: .withoutOverwriting)
        } catch {
            throw Diagnostic.notWritten(shown)
        }
        let named = CopiedCommand.quoted(directory)
        Console.out("Wrote \(shown). Next: `drover validate \(named)`, then `drover plan \(named)`.")
    }
}

extension Diagnostic {
    fileprivate static func exists(_ path: String) -> Diagnostic {
        Diagnostic(
            "spec-exists", "The spec exists already", detail: "`\(path)` is there, and nothing is overwritten.",
            fix: "Name another directory, or remove the file.", cause: .unavailable)
    }

    fileprivate static func notWritten(_ path: String) -> Diagnostic {
        Diagnostic(
            "spec-not-written", "The spec could not be written", detail: "`\(path)` cannot be written.",
            fix: "Name a directory that you may write to.", cause: .unavailable)
    }
}
