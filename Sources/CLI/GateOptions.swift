import ArgumentParser
import Suites

/// The options for the gates of releases.
struct GateOptions: ParsableArguments {
    @Option(help: "Which gates are tried though a result stands: never, changed or always.")
    var rerun = Rerun.changed

    @Option(
        name: .customLong("override"),
        help: "Promote in spite of gates that do not pass, for this reason; it is kept in the history.")
    var overrideReason: String?

    @Flag(
        help: "Run the programs that `exec` expectations of gates name, on this machine; with up, those of all suites.")
    var allowExec = false

    @Flag(help: "Go on from where somebody else moved an alias.")
    var acceptAlias = false

    func validate() throws {
        if let overrideReason, overrideReason.allSatisfy(\.isWhitespace) {
            throw ValidationError("--override takes the reason, which is kept.")
        }
    }

    /// Whether what stays failed without them may be promoted.
    var mayOpen: Bool { overrideReason != nil || rerun == .always }

    /// How the command stands in the history.
    func told(_ command: String) -> String {
        overrideReason.map { "\(command) --override: \($0)" } ?? command
    }
}

extension Rerun: ExpressibleByArgument {}

extension Rerun {
    /// What a gate asks of a suite that has to run: what is missing beside the samples that stand.
    func asked(of suite: TestSuite, after earlier: EarlierSamples?) -> TestSuite {
        guard self != .always, let earlier else { return suite }
        return suite.asking(after: earlier)
    }
}
