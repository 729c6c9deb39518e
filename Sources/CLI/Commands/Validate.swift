import ArgumentParser
import Engine
import FoundationEssentials
import Language
import Suites

/// `drover validate`.
struct ValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check a spec without contacting anything.",
        discussion: """
            Reports every mistake at once. Exit code 3 when there is one. A directory that has no specs but directories \
            of them holds a stack in each: all are checked.

            EXAMPLES
              drover validate specs/
              drover validate specs/quickstart
              drover validate base.yaml --overlay production.yaml --format sarif > report.sarif
            """)

    /// The output format of mistakes.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json, sarif
    }

    @OptionGroup var spec: SpecOptions

    @Option(help: "How mistakes are written: text, json or sarif.")
    var format = Format.text

    func run() async throws {
        let checked = try stacks.map(check)
        switch format {
        case .text: checked.forEach(tell)
        case .json:
            let told = checked.flatMap { $0.renderer.json(FlagFixes.told($0.diagnostics)).array ?? [] }
            Console.out(Value.array(told).prettyJSON)
        case .sarif: Console.out(DiagnosticRenderer.sarif(checked.map(\.sarif)).prettyJSON)
        }
        if let status = checked.lazy.compactMap(\.status).first { throw status.code }
    }

    /// The paths of each stack: those that are given, or the directories in the one that is.
    private var stacks: [[String]] {
        guard let path = spec.paths.first, spec.paths.count == 1 else { return [spec.paths] }
        let directory = FileManager.default.currentDirectoryPath
        let stacks = SpecFiles.stacks(in: path, workingDirectory: directory)
        return stacks.isEmpty ? [spec.paths] : stacks.map { [$0] }
    }

    /// The result for one stack.
    private struct Checked {
        var diagnostics: [Diagnostic]
        var sources: SourceMap
        /// Nil when it is valid.
        var status: ExitStatus?
        var praise: String?

        var renderer: DiagnosticRenderer { DiagnosticRenderer(sources: sources, colors: false) }
        var sarif: Value { renderer.sarifRun(FlagFixes.told(diagnostics), version: Version.text) }
    }

    private func check(_ paths: [String]) throws -> Checked {
        do {
            let stack = try Stack.load(paths, spec.variation, isGiven: paths == spec.paths)
            let count = stack.workflow.declarations.count { $0.range != nil }
            return Checked(
                diagnostics: stack.warnings + stack.shortSecrets + (try stack.unfitJudges), sources: stack.sources,
                status: nil,
                praise: "Valid: the stack \(stack.workflow.stack) declares \(count) things.")
        } catch let failure as CommandFailure {
            return Checked(
                diagnostics: failure.diagnostics, sources: failure.sources, status: failure.exitStatus, praise: nil)
        }
    }

    private func tell(_ checked: Checked) {
        Notices.write(checked.diagnostics, checked.sources, environment: ProcessInfo.processInfo.environment)
        if let praise = checked.praise { Console.out(praise) }
    }
}

extension Stack {
    /// The judges that may not decide about the releases that wait for their suites: warnings.
    fileprivate var unfitJudges: [Diagnostic] {
        get throws {
            let gates = Set(
                workflow.specs(of: SuiteSpec.self).map(\.declaration.address).filter(workflow.isCheck).map(\.name))
            guard !gates.isEmpty else { return [] }
            return try suites().filter { gates.contains($0.name) }.compactMap(\.judgeWarning)
        }
    }
}
