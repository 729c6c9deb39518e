import FoundationEssentials
import Language
import Testing

/// Every `<case>.yaml` in `Diagnostics/` is loaded, and what is reported must equal `<case>.expected`.
///
/// The first line may say more: `# with: second.yaml --overlay o.yaml --var a=b --var-file v.yaml NAME=value`, files
/// beside it. `RECORD=1` writes the expected files anew.
@Suite("Golden diagnostics")
struct DiagnosticGoldenTests {
    private static let directory = Paths.parent(of: #filePath) + "/Diagnostics"

    static let names: [String] = {
        // An empty list fails below.
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return files.filter { $0.hasSuffix(".yaml") && !$0.dropLast(5).contains(".") }.map { String($0.dropLast(5)) }
            .sorted()
    }()

    @Test("There are cases")
    func cases() {
        #expect(DiagnosticGoldenTests.names.count >= 40)
    }

    @Test("Each mistake is reported as its golden file says", arguments: DiagnosticGoldenTests.names)
    func golden(_ name: String) throws {
        let arguments = try Arguments(name, in: DiagnosticGoldenTests.directory)
        let loader = SpecLoader(
            fields: [], environment: arguments.environment, workingDirectory: DiagnosticGoldenTests.directory
        ) {
            _ in []
        }
        let loaded = loader.load(paths: arguments.paths, overlays: arguments.overlays, variables: arguments.variables)
        let text = DiagnosticRenderer(sources: loaded.sources, colors: false).render(loaded.diagnostics)
        let golden = DiagnosticGoldenTests.directory + "/\(name).expected"
        if ProcessInfo.processInfo.environment["RECORD"] == "1" {
            try Data(text.utf8).write(to: URL(filePath: golden))
        }
        let expected = String(decoding: try FileBytes.read(golden, atMost: 1 << 20), as: UTF8.self)
        #expect(!text.isEmpty)
        #expect(text == expected)
    }
}

private struct Arguments {
    var paths: [String]
    var overlays: [String] = []
    var variables = VariableInputs()
    var environment: [String: String] = [:]

    init(_ name: String, in directory: String) throws {
        paths = ["\(name).yaml"]
        let text = String(
            decoding: try FileBytes.read("\(directory)/\(name).yaml", atMost: 32 << 20).prefix(1_000), as: UTF8.self)
        guard text.hasPrefix("# with: "), let line = text.split(separator: "\n").first else { return }
        var words = line.dropFirst(8).split(separator: " ").map(String.init)[...]
        while let word = words.popFirst() {
            switch word {
            case "--overlay": words.popFirst().map { overlays.append($0) }
            case "--var": words.popFirst().map { variables.assignments.append($0) }
            case "--var-file": words.popFirst().map { variables.files.append($0) }
            case _ where word.contains("="):
                let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                environment[String(parts[0])] = String(parts[1])
            case _: paths.append(word)
            }
        }
    }
}
