import ArgumentParser
import Engine
import Language

/// `drover output`.
struct OutputCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "output",
        abstract: "Print outputs of what is applied, for scripts.",
        discussion: """
            Outputs are what the server says of an object that is ours: ids, versions, names. A name prints one value \
            and nothing else; without one all are printed. Secrets are never among them.

            EXAMPLES
              drover output --spec specs/quickstart
              drover output vectorStores.handbook.id --spec specs/quickstart
              drover output agents.support --format json
            """)

    @Argument(help: "Which one: KIND.NAME.OUTPUT, or KIND.NAME for all of one thing (default: all).")
    var name: String?

    @Option(name: .customLong("spec"), help: "A file or directory of the spec; repeatable (default: this directory).")
    var paths: [String] = []

    @OptionGroup var variation: VariationOptions
    @OptionGroup var server: ServerOptions

    @Option(help: "How it is written: text or json.")
    var format = OutputFormat.text

    func run() async throws {
        let stack = try Stack.load(paths, variation, lab: server.lab, readsFiles: false)
        let outputs = try await Session.open(stack, server) { session in try await AppliedOutputs.of(session) }
        let written = try stack.telling { try outputs.written(name, format) }
        Console.out(written)
    }
}

/// The outputs of what is declared and applied, by address and name.
struct AppliedOutputs: Sendable {
    let stack: StackName
    let values: [Address: [String: Value]]

    /// Only plain data: what one thing gives another as a whole, such as an agent's definition, is not for scripts.
    static func of(_ session: Session) async throws -> AppliedOutputs {
        let workflow = session.workflow
        let (survey, _) = try await Survey.take(of: workflow, with: session.drivers, loading: session.store)
        let drivers = Dictionary(uniqueKeysWithValues: session.drivers.map { ($0.kind, $0) })
        var values: [Address: [String: Value]] = [:]
        for address in workflow.graph.addresses {
            guard let member = survey.members[address], member.ownership == .ours else { continue }
            let outputs = (drivers[address.kind]?.outputs(of: member) ?? [:]).compactMapValues(\.plain)
            if !outputs.isEmpty { values[address] = outputs }
        }
        return AppliedOutputs(stack: workflow.stack, values: values)
    }

    /// What is printed of one value, of those of one thing, or of all.
    /// - Throws: `Diagnostic` when nothing is applied, or there is none of that name.
    func written(_ name: String?, _ format: OutputFormat) throws -> String {
        guard !values.isEmpty else { throw Diagnostic.nothingApplied(stack) }
        guard let name else { return written(names, format) }
        if let value = names[name] {
            switch format {
            case .text: return value.interpolated
            case .json: return value.prettyJSON
            }
        }
        let ofOne = names.filter { $0.key.hasPrefix("\(name).") }
        guard !ofOne.isEmpty else { throw Diagnostic.noSuchOutput(name, among: names.keys.sorted()) }
        return written(ofOne, format)
    }

    private var names: [String: Value] {
        values.reduce(into: [:]) { names, outputs in
            for (output, value) in outputs.value { names["\(outputs.key).\(output)"] = value }
        }
    }

    private func written(_ names: [String: Value], _ format: OutputFormat) -> String {
        switch format {
        case .text:
            names.sorted { $0.key < $1.key }.map { "\($0.key) = \(Printable.oneLine($0.value.interpolated))" }
                .joined(separator: "\n")
        case .json: Value.object(names).prettyJSON
        }
    }
}

extension Diagnostic {
    fileprivate static func nothingApplied(_ stack: StackName) -> Diagnostic {
        Diagnostic(
            "nothing-applied", "Nothing is applied",
            detail:
                "Of the stack `\(stack)` nothing that its spec declares is on the servers, so there are no outputs.",
            fix: "Run `drover apply` first.", cause: .unavailable)
    }

    fileprivate static func noSuchOutput(_ name: String, among names: [String]) -> Diagnostic {
        Diagnostic(
            "no-such-output", "No such output", detail: "Nothing that is applied has an output `\(name)`.",
            fix: Suggestion.nearest(to: name, among: names).map { "Did you mean `\($0)`?" }
                ?? "Use one of \(names.prefix(12).listed)\(names.count > 12 ? ", …" : "").",
            cause: .usage)
    }
}
