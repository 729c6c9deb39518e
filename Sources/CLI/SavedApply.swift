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
        let stack = try Stack.load(
            sources.paths, sources.variation, lab: server.lab, readsFiles: !saved.destroys
        ).announced()
        let (saved, change) = (saved, change)
        let suites = try stack.suites()
        try stack.telling {
            try refuse(
                Verification.widened(saved.inputs.permissions, by: change.permissions)
                    + Verification(saved, against: Inputs(stack, sources, nil))
                    .ofSpec(stack: stack.workflow.stack.name) {
                        TextDifference(from: $0, to: $1, context: 1).text(limit: 20)
                    })
        }
        try await Session.open(stack, server, concurrency: change.parallelism) { session in
            let deployment = try await Self.verified(saved, stack, session, suites)
            deployment.show(stack)
            guard !deployment.plan.isEmpty else {
                if !saved.destroys { try await deployment.keepSettings(change, stack, command: "apply") }
                return await deployment.tellNothingToDo()
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

    /// Surveys and plans again, and compares.
    private static func verified(
        _ saved: SavedPlan, _ stack: Stack, _ session: Session, _ suites: [TestSuite]
    ) async throws -> Deployment {
        var inputs = Inputs(stack, saved.inputs.sources, nil, servers: try await session.plannedServers)
        try refuse(Verification(saved, against: inputs).ofServers)
        let workflow = saved.destroys ? session.workflow.withoutDeclarations : session.workflow
        var deployment = try await Deployment.plan(
            session, workflow, saved.inputs.permissions, saved.inputs.selection, suites: suites)
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
