import ArgumentParser
import Engine
import Lab
import Language

/// The options that select the spec.
struct SpecOptions: ParsableArguments {
    @Argument(help: "Files or directories of the spec; `-` for standard input (default: this directory).")
    var paths: [String] = []

    @OptionGroup var variation: VariationOptions

    func validate() throws {
        let files = paths + variation.overlays + variation.variableFiles
        guard files.count(where: { $0 == "-" }) < 2 else {
            throw ValidationError("`-` is given twice, and standard input can be read only once.")
        }
    }
}

/// The options that vary a spec.
struct VariationOptions: ParsableArguments {
    @Option(name: .customLong("overlay"), help: "A file that is laid over the spec; repeatable.")
    var overlays: [String] = []

    @Option(name: .customLong("var"), help: "NAME=VALUE for a variable of the spec; repeatable.")
    var variables: [String] = []

    @Option(name: .customLong("var-file"), help: "A YAML or JSON map of variables; repeatable.")
    var variableFiles: [String] = []

    @Flag(help: "Let the spec read files outside of its directory.")
    var allowOutside = false

    /// The flags that were given.
    var used: [String] {
        [
            ("--overlay", !overlays.isEmpty), ("--var", !variables.isEmpty), ("--var-file", !variableFiles.isEmpty),
            ("--allow-outside", allowOutside),
        ].filter(\.1).map(\.0)
    }
}

/// The options for the addresses of servers.
struct ServerOptions: ParsableArguments {
    @Option(name: .customLong("llamastack-url"), help: "The Llama Stack or OGX server.")
    var llamaStackURL: String?

    @Option(name: .customLong("mlflow-url"), help: "The MLflow server.")
    var mlflowURL: String?

    @Option(help: "Keep the stack's record in a file: `file:PATH` (default: in MLflow).")
    var record: String?

    @Option(
        name: .customLong("lab"),
        help: "The name of the lab to use where no server is configured (default: \(LabPlace.defaultName)).")
    var lab: String?
}

/// The options that permit changes.
struct ChangeOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @Flag(help: "Make objects with a wanted name, but without drover's mark, part of the stack.")
    var adopt = false

    @Flag(help: "Take objects over from another stack.")
    var takeOver = false

    @Flag(help: "Let a spec that declares nothing remove everything.")
    var allowEmpty = false

    @OptionGroup var pace: PaceOptions

    @OptionGroup var locking: LockOptions

    @OptionGroup var gates: GateOptions

    @Option(help: "How progress and outcome are written: text, or json, an event a line.")
    var format = OutputFormat.text

    var parallelism: Int { pace.parallelism }

    var permissions: Permissions {
        Permissions(
            adopt: adopt, takeOver: takeOver, allowEmpty: allowEmpty, acceptAlias: gates.acceptAlias)
    }

    /// Writes events, where they are wanted.
    func announce() {
        if format == .json { EventOutput.begin() }
    }
}

/// The option for how much is done at a time.
struct PaceOptions: ParsableArguments {
    static let standard = 10

    @Option(help: "How many objects are worked on, or listings read, at a time.")
    var parallelism = PaceOptions.standard

    func validate() throws {
        guard (1...100).contains(parallelism) else {
            throw ValidationError("--parallelism takes a number from 1 to 100.")
        }
    }
}

/// The options that choose a part of a stack.
struct SelectionOptions: ParsableArguments {
    @Option(
        name: .customLong("target"),
        help:
            "Only this address (`agents.support`), kind or pattern (`vectorStores.h*`), with what it needs; repeatable."
    )
    var targets: [String] = []

    @Option(
        name: .customLong("exclude"), help: "Not this address, kind or pattern, nor what needs it; repeatable.")
    var excluded: [String] = []

    @Option(
        name: .customLong("replace"),
        help: "Replace this address, kind or pattern, though it is as it should be; repeatable.")
    var replaced: [String] = []

    @Flag(name: .customLong("no-prune"), help: "Leave what is no longer declared on the servers.")
    var isUnpruned = false

    /// The flags that were given.
    var used: [String] {
        [
            ("--target", !targets.isEmpty), ("--exclude", !excluded.isEmpty), ("--replace", !replaced.isEmpty),
            ("--no-prune", isUnpruned),
        ].filter(\.1).map(\.0)
    }

    var selection: Selection {
        Selection(
            targets: targets.map(AddressPattern.init), excluded: excluded.map(AddressPattern.init),
            replaced: replaced.map(AddressPattern.init), prunes: !isUnpruned)
    }
}

/// The options for the output format.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}
