import Engine
import Language
import Reports
import Suites
import Wire

/// Applies a saved plan exactly, or not at all.
struct SavedApply {
    let saved: SavedPlan
    let server: ServerOptions
    let change: ChangeOptions

    func run() async throws {
        let sources = saved.inputs.sources
        let stack = try Self.stack(of: saved, lab: server.lab).announced()
        let (saved, change) = (saved, change)
        let suites = saved.destroys ? [] : try stack.suites()
        try stack.telling {
            try refuse(
                Verification.widened(saved.inputs.permissions, by: change.permissions)
                    + Verification(saved, against: Inputs(stack, sources, nil))
                    .ofSpec(stack: stack.workflow.stack.name) {
                        TextDifference(from: $0, to: $1, context: 1).text(limit: 20)
                    })
        }
        try await Session.open(stack, server, concurrency: change.parallelism) { session in
            var deployment = try await Self.verified(saved, stack, session, suites)
            if change.gates.mayOpen, !deployment.withheld.isEmpty {
                // What is overridden, or tried again, is said only now, and shown before it is asked about.
                deployment = try await Deployment.plan(
                    session, deployment.workflow, deployment.permissions, deployment.selection, suites: suites,
                    rerun: change.gates.rerun, withholding: change.withholding(deployment.permissions))
                deployment.promise = Promise(deployment.plan)
            }
            deployment.show(stack)
            guard !deployment.plan.isEmpty else {
                if !saved.destroys { try await deployment.keepSettings(change, stack, command: "apply") }
                return try await deployment.endWithNothingToDo(stack)
            }
            guard try deployment.isAgreed(change, question: "Apply these changes?") else {
                return Console.note("Nothing was changed.")
            }
            let applied = try await deployment.applyLocked(
                change, stack, command: saved.destroys ? "destroy" : "apply")
            if !EventOutput.isOn { Console.out(applied.summary) }
            if !saved.destroys { try await deployment.tellSilentTools(stack) }
        }
    }

    /// The spec that was planned, as it is now.
    /// - Throws: `CommandFailure` with every mistake in it, and (`conflict`) that it had none then.
    private static func stack(of saved: SavedPlan, lab: String?) throws -> Stack {
        let sources = saved.inputs.sources
        do {
            return try Stack.load(sources.paths, sources.variation, lab: lab, readsFiles: !saved.destroys)
        } catch let failure as CommandFailure {
            throw CommandFailure(
                diagnostics: [.planned(saved.inputs.sources.paths)] + failure.diagnostics, sources: failure.sources)
        }
    }

    /// Surveys and plans again, and compares.
    private static func verified(
        _ saved: SavedPlan, _ stack: Stack, _ session: Session, _ suites: [TestSuite]
    ) async throws -> Deployment {
        var inputs = Inputs(stack, saved.inputs.sources, nil, servers: try await session.plannedServers)
        try refuse(Verification(saved, against: inputs).ofServers)
        let (permissions, selection) = (saved.inputs.permissions, saved.inputs.selection)
        var deployment =
            saved.destroys
            ? try await Deployment.destroying(session, permissions, selection)
            : try await Deployment.plan(
                session, session.workflow, permissions, selection, suites: suites,
                withholding: Withholding(permissions))
        inputs.record = deployment.recordDigest
        inputs.files = stack.folder.digestsRead
        let verification = Verification(saved, against: inputs)
        try refuse(verification.ofFiles + verification.ofPlan(deployment.plan))
        deployment.promise = Promise(deployment.plan)
        return deployment
    }
}

private func refuse(_ problems: [Diagnostic]) throws {
    guard problems.isEmpty else { throw Diagnostics(problems) }
}

extension Diagnostic {
    fileprivate static func planned(_ paths: [String]) -> Diagnostic {
        let places = paths.isEmpty ? ["."] : paths
        let isPiped = paths.contains("-")
        return Diagnostic(
            "stale-plan", "The planned spec cannot be read any more",
            detail: isPiped
                ? "The plan was made from a spec on standard input; what is wrong with what is there now is told, too."
                : "The plan was made from \(places.listed), as seen from the directory where it was made; what is wrong "
                    + "with it now is told, too.",
            fix: isPiped
                ? "Give the same spec on standard input again, or plan from a file."
                : "Apply it in that directory with the files as they were, or plan again.",
            cause: .conflict)
    }
}
