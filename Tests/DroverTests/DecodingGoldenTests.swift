import FoundationEssentials
import Support
import Testing

/// Every `<case>.yaml` in `Diagnostics/` is validated (or planned, when it begins with `# plan`), and what is told on
/// standard error must equal `<case>.expected`. A first line `# with: --overlay <case>.overlay.yaml` gives options.
/// `RECORD=1` writes the expected files anew.
@Suite("Golden diagnostics of the whole language")
struct DecodingGoldenTests {
    private static let directory = "\(packageRoot)/Tests/DroverTests/Diagnostics"

    static let names: [String] = {
        // An empty list fails below.
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return files.filter { $0.hasSuffix(".yaml") && !$0.dropLast(5).contains(".") }.map { String($0.dropLast(5)) }
            .sorted()
    }()

    @Test("There are cases")
    func cases() {
        #expect(Self.names.count >= 20)
    }

    @Test("Each mistake is told as its golden file says", arguments: DecodingGoldenTests.names)
    func golden(_ name: String) async throws {
        let text = try String(contentsOfFile: "\(Self.directory)/\(name).yaml", encoding: .utf8)
        let command = text.hasPrefix("# plan") ? "plan" : text.hasPrefix("# test") ? "test" : "validate"
        let options = text.hasPrefix("# with: ") ? text.prefix { $0 != "\n" }.split(separator: " ").dropFirst(2) : []
        let arguments = [command, "\(name).yaml"] + options.map(String.init)
        let ended = try await DroverProgram(in: Self.directory).run(DroverProgram.path, arguments)
        let told = "exit code \(ended.code)\n\(ended.errors)"
        let golden = "\(Self.directory)/\(name).expected"
        if ProcessInfo.processInfo.environment["RECORD"] == "1" {
            try Data(told.utf8).write(to: URL(filePath: golden))
        }
        #expect(told == (try String(contentsOfFile: golden, encoding: .utf8)))
    }
}
