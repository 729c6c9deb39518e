import ArgumentParser
import Engine
import FoundationEssentials
import Language

/// `drover schema`.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Write the JSON Schema of specs, for editors and other validators.",
        discussion: """
            An editor that knows YAML completes and checks a spec that begins with the line
              # yaml-language-server: $schema=schemas/drover.schema.json

            EXAMPLES
              drover schema                     write schemas/drover.schema.json
              drover schema --output -          to standard output
              drover schema --check             exit code 1 when the file is not what this version would write
            """)

    @Option(help: "Where it is written; `-` for standard output.")
    var output = "schemas/drover.schema.json"

    @Flag(help: "Write nothing; compare.")
    var check = false

    func run() throws {
        let text = Self.text
        if check { return try compare(text) }
        guard output != "-" else { return Console.stream(text) }
        do {
            let file = URL(filePath: output)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file, options: .atomic)
        } catch {
            throw Diagnostic(
                "schema-not-written", "The schema could not be written", detail: "`\(output)` cannot be written.",
                fix: "Name a file in a folder that you may write to.", cause: .unavailable)
        }
        Console.note("Wrote \(output).")
    }

    /// The schema of this version, with a final line break.
    static var text: String {
        Schema.document(
            Stack.catalog.fields, title: "A spec of drover",
            identity: "urn:drover:schema:v1"
        ).prettyJSON + "\n"
    }

    private func compare(_ text: String) throws {
        let present = FileManager.default.contents(atPath: output).map { String(decoding: $0, as: UTF8.self) }
        guard present != text else { return Console.note("\(output) is what this version writes.") }
        throw Diagnostic(
            "outdated-schema", "Outdated schema",
            detail: present == nil ? "There is no file `\(output)`." : Self.difference(present ?? "", text, in: output),
            fix: "Run `drover schema` and commit the result.", cause: .unavailable)
    }

    /// The first line that differs.
    private static func difference(_ old: String, _ new: String, in path: String) -> String {
        let left = old.split(separator: "\n", omittingEmptySubsequences: false)
        let right = new.split(separator: "\n", omittingEmptySubsequences: false)
        let index =
            zip(left, right).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(left.count, right.count)
        func line(_ lines: [Substring]) -> String { index < lines.count ? lines[index].trimmed : "nothing" }
        return "Line \(index + 1) of `\(path)` is `\(line(left))`, and this version writes `\(line(right))`."
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop { $0 == " " })
    }
}
