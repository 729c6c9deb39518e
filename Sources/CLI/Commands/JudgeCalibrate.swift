import ArgumentParser
import Engine
import FoundationEssentials
import Glibc
import Kinds
import Language
import Reports
import Runtime
import Suites
import Wire

/// `drover judge calibrate`.
struct JudgeCalibrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract: "Compare a judge with answers that people judged.",
        discussion: """
            The labels are a CSV or JSON Lines file with the columns `answer` and `label` (`pass` or `fail`), and perhaps \
            `question`. The result is kept in the folder of the spec as calibrations/JUDGE.json: commit it. As long as model, \
            rubric, votes and scale stay the same, suites correct the rates by this judge with it, and `minAgreement` decides \
            by it whether the judge may gate a release. Exit code 5, and nothing is kept, when the judge could decide about no \
            answer, or could not be heard about most.

            EXAMPLES
              drover judge calibrate grounded specs/judged
              drover judge calibrate grounded specs/judged --labels labelled.csv --format json
            """)

    @Argument(help: "The declared judge.")
    var judge: String

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions

    @Option(help: "The labelled answers (default: `labels.file` of the judge).")
    var labels: String?

    @Option(help: "How many answers are judged at a time.")
    var concurrency = 8

    @Option(help: "How it is written: text or json.")
    var format = OutputFormat.text

    func validate() throws {
        guard (1...1000).contains(concurrency) else {
            throw ValidationError("--concurrency takes a number from 1 to 1000.")
        }
    }

    func run() async throws {
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab).announced()
        let (judge, labels) = try stack.telling {
            (try stack.judge(self.judge), try stack.labels(of: self.judge, given: self.labels))
        }
        try stack.telling { try stack.checkPlace(ofCalibration: judge.name) }
        let concurrency = concurrency
        let opinions = try await Session.open(stack, server, needs: Needs(llamaStack: true), concurrency: concurrency) {
            session in
            guard let server = session.servers.llamaStack else { throw Diagnostic.noModels }
            let calibrator = Calibrator(
                judge, at: AgentRuntimes(server: server.waitingWhenPutOff), concurrency: concurrency)
            return try await Interruption.cancelling {
                try await calibrator.opinions(on: labels)
            }
        }
        var calibrated = judge
        let calibration = Calibration(
            judge, by: labels, opinions.map(\.passes), at: Date().formatted(.iso8601))
        calibrated.calibration = calibration
        // What says nothing of the judge takes no earlier calibration away.
        let keeping = Result { opinions.sayHowGood ? try stack.telling { try stack.keep(calibration) } : nil }
        let kept = try? keeping.get()
        switch format {
        case .text:
            let differing = opinions.filter { $0.passes != $0.row.isGood }
            Console.out(CalibrationText.render(calibration, of: calibrated, disagreements: differing))
            if let kept { Console.note("Kept in \(Printable.text(kept)).") }
            if !opinions.sayHowGood { Console.note("The judge was not heard, and nothing is kept.") }
        case .json: Console.out(CalibrationJSON.value(calibration, of: calibrated).prettyJSON)
        }
        _ = try keeping.get()
        if kept != nil, var problem = calibrated.gateProblem {
            problem.severity = .warning
            stack.warn(problem)
        }
        guard opinions.sayHowGood else { throw ExitStatus(.inconclusive).code }
    }
}

extension Stack {
    fileprivate func judge(_ name: String) throws -> Judge {
        let judges = try workflow.judges(in: folder)
        guard let judge = judges[name] else { throw Diagnostic.unknownJudge(name, among: judges.keys.sorted()) }
        return judge
    }

    /// Those of a file given on the command line, else of the one that the spec names.
    fileprivate func labels(of name: String, given path: String?) throws -> Labels {
        guard let found = workflow.specs(of: JudgeSpec.self).first(where: { $0.declaration.address.name == name })
        else { throw Diagnostic.unknownJudge(name, among: []) }
        guard let path else {
            guard let labels = found.spec.labels else {
                throw Diagnostic.noLabels(name, at: found.declaration.range)
            }
            return try Labels.read(labels, in: folder)
        }
        let range = found.declaration.range ?? .start(of: SourceID(index: 0))
        return try Labels(Self.text(path), of: Located(path, at: range))
    }

    private static func text(_ path: String) throws(Diagnostic) -> String {
        do throws(FileBytes.Failure) {
            let bytes = try FileBytes.text(path, atMost: 1 << 30)
            guard let text = String(validating: bytes, as: UTF8.self) else { throw .unreadable("it is not UTF-8 text") }
            return text
        } catch {
            throw .unreadableLabels(path, error.reason)
        }
    }

    /// Tries whether a calibration can be kept, before anything is asked, and changes nothing.
    fileprivate func checkPlace(ofCalibration judge: String) throws {
        let path = "\(folder.rootDirectory)/\(Calibration.path(ofJudge: judge))"
        let parent = Paths.parent(of: path)
        guard FileManager.default.fileExists(atPath: parent) else {
            guard access(folder.rootDirectory, W_OK | X_OK) == 0 else { throw Diagnostic.notKept(path) }
            return
        }
        do {
            try ReportFile(path).check()
        } catch is Diagnostic {
            throw Diagnostic.notKept(path)
        }
    }

    /// Writes a calibration beside the spec.
    /// - Returns: The path.
    fileprivate func keep(_ calibration: Calibration) throws -> String {
        let path = "\(folder.rootDirectory)/\(Calibration.path(ofJudge: calibration.judge))"
        do {
            try FileManager.default.createDirectory(
                atPath: Paths.parent(of: path), withIntermediateDirectories: true)
            try Data(calibration.text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw Diagnostic.notKept(path)
        }
        return Paths.relative(path, to: FileManager.default.currentDirectoryPath)
    }
}

extension Diagnostic {
    fileprivate static func unknownJudge(_ name: String, among names: [String]) -> Diagnostic {
        Diagnostic(
            "unknown-judge", "Unknown judge", detail: "The stack declares no judge `\(name)`.",
            fix: Suggestion.nearest(to: name, among: names).map { "Did you mean `\($0)`?" }
                ?? (names.isEmpty ? "Declare it under `judges:`." : "Name one of \(names.listed)."), cause: .usage)
    }

    fileprivate static func noLabels(_ name: String, at range: SourceRange?) -> Diagnostic {
        Diagnostic(
            "no-labels", "Nothing to compare with", detail: "The judge `\(name)` has no `labels`.",
            fix: "Add `labels: {file: labels.csv}`, or name a file with `--labels`.", at: range, cause: .usage)
    }

    fileprivate static func unreadableLabels(_ path: String, _ reason: String) -> Diagnostic {
        Diagnostic(
            "unreadable-file", "Unreadable file", detail: "`\(path)` cannot be read: \(reason).",
            fix: reason.contains("UTF-8")
                ? "Save it as UTF-8." : "Correct the path after `--labels`.", cause: .usage)
    }

    fileprivate static func notKept(_ path: String) -> Diagnostic {
        Diagnostic(
            "calibration-not-kept", "The calibration could not be kept",
            detail: "`\(path)` cannot be written.",
            fix: "Make its folder writable, make room there, and calibrate again.", cause: .unavailable)
    }

    fileprivate static var noModels: Diagnostic {
        Diagnostic(
            "no-models", "No server of models",
            detail: "A judge is a model of Llama Stack or OGX, and none is at hand.",
            fix: "Say where it is: `servers.llamastack.url`, or `--llamastack-url`.", cause: .unavailable)
    }
}
