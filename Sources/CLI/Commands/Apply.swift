import ArgumentParser
import Engine
import FoundationEssentials
import Language

/// `drover apply`.
struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make the servers what the spec says.",
        discussion: """
            Shows the plan, asks, and does it. What fails does not stop what does not depend on it; run it again to finish.

            EXAMPLES
              drover apply specs/quickstart
              drover apply specs/quickstart --yes             without a question, for scripts
              drover apply plan.json                          exactly what `drover plan --out plan.json` saved
              drover apply specs/quickstart --yes --format json   an event a line, for programs
            """)

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var part: SelectionOptions
    @OptionGroup var change: ChangeOptions

    func run() async throws {
        change.announce()
        if let saved = try SavedPlan.read(spec.paths) {
            let superfluous = spec.variation.used + part.used
            guard superfluous.isEmpty else { throw Diagnostic.planSaysAll(superfluous) }
            return try await SavedApply(saved: saved, server: server, change: change).run()
        }
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab).announced()
        let (change, selection) = (change, part.selection)
        try await Session.open(stack, server, concurrency: change.parallelism) { session in
            _ = try await Deployment.bring(session, stack, change, selection, command: "apply")
        }
    }
}

extension Deployment {
    /// Plans, asks for confirmation, applies, and reports what was done.
    /// - Returns: Whether the servers now match the spec; false when the user declined.
    static func bring(
        _ session: Session, _ stack: Stack, _ change: ChangeOptions, _ selection: Selection = .everything,
        command: String
    ) async throws -> Bool {
        let deployment = try await plan(
            session, session.workflow, change.permissions, selection, suites: stack.suites(),
            rerun: change.gates.rerun, withholding: change.withholding(change.permissions))
        deployment.show(stack)
        guard !deployment.plan.isEmpty else {
            try await deployment.keepSettings(change, stack, command: command)
            try await deployment.tellSilentTools(stack)
            try await deployment.endWithNothingToDo(stack)
            return true
        }
        guard try deployment.isAgreed(change, question: "Apply these changes?") else {
            Console.note("Nothing was changed.")
            return false
        }
        let applied = try await deployment.applyLocked(change, stack, command: command)
        if !EventOutput.isOn { Console.out(applied.summary) }
        try await deployment.tellSilentTools(stack)
        return true
    }
}

extension Diagnostic {
    fileprivate static func planSaysAll(_ options: [String]) -> Diagnostic {
        Diagnostic(
            "plan-says-all", "A saved plan says all by itself",
            detail:
                "What is applied, its overlays and its variables are those of the plan, and \(options.listed) "
                + "\(options.count == 1 ? "is" : "are") given beside it.",
            fix:
                "Leave out \(options.count == 1 ? "this option and its environment variable" : "these options and their environment variables"), or plan again with \(options.count == 1 ? "it" : "them").",
            cause: .usage)
    }
}

extension Applied {
    /// `Applied: 5 created, 1 changed.`
    var summary: String {
        var counts = Action.allCases.filter { $0 != .keep && count($0) > 0 }.map { "\(count($0)) \($0.past)" }
        switch acceptedAliases {
        case 0: break
        case 1: counts.append("1 alias accepted where it stands")
        case let number: counts.append("\(number) aliases accepted where they stand")
        }
        return "Applied: \(counts.isEmpty ? "nothing had to change" : counts.joined(separator: ", "))."
    }
}
