import ArgumentParser
import Engine
import Kinds
import Language
import Reports

/// `drover drift`.
struct DriftCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drift",
        abstract: "Show what was changed or deleted on the servers since the last apply.",
        discussion: """
            Ends with code 2 when there is something. What the spec changed since is left out: `drover plan` shows both. Where \
            the record does not say what was applied, nobody knows who changed what differs, and it is told, too. \
            With --accept, what others made of a field that was applied once, and that the spec no longer has, stays as it \
            is: the next plan leaves it alone. What the spec says is restored by `drover apply`, or left to others by \
            `ignoreChanges` in the spec.

            EXAMPLES
              drover drift specs/quickstart                   for a nightly job
              drover drift specs/quickstart --format json
              drover drift specs/quickstart --deep            also read documents and logged files back
              drover drift specs/quickstart --accept
            """)

    @OptionGroup var spec: SpecOptions
    @OptionGroup var server: ServerOptions

    @Option(help: "How it is written: text, json or markdown.")
    var format = PlanFormat.text

    @Flag(help: "Read the contents of documents and of logged agents back from the servers.")
    var deep = false

    @Flag(help: "Keep what others made of fields that the spec no longer has.")
    var accept = false

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @OptionGroup var locking: LockOptions

    func run() async throws {
        let stack = try Stack.load(spec.paths, spec.variation, lab: server.lab).announced()
        let (format, inspection) = (format, deep ? Inspection.contents : .sizes)
        let acceptance = accept ? Acceptance(yes: yes, locking: locking) : nil
        let isEmpty = try await Session.open(stack, server) { session in
            let deployment = try await Deployment.plan(
                session, session.workflow,
                Permissions(adopt: true, takeOver: true, acceptAlias: true, looksAtFirst: true),
                inspection: inspection)
            guard deployment.isApplied else { throw Diagnostic.nothingToCompare(stack.workflow.stack) }
            var drift = deployment.plan.drift
            if let acceptance { drift = try await acceptance.accept(drift, of: deployment, stack) }
            deployment.tellWarnings(stack)
            guard !drift.isEmpty || format != .text else {
                Console.out("No drift: what was applied to the stack \(drift.stack) is as it was left.")
                return true
            }
            Console.out(
                try format.render(
                    drift, servers: session.locations, endangered: [], requests: session.requestCount,
                    colors: Console.colors(stack.environment)))
            return drift.isEmpty
        }
        if !isEmpty { throw ExitStatus.changes.code }
    }
}

/// Takes drift into the record, where the spec leaves it open.
private struct Acceptance {
    let yes: Bool
    let locking: LockOptions

    /// - Returns: The drift that is left.
    func accept(_ drift: Plan, of deployment: Deployment, _ stack: Stack) async throws -> Plan {
        let open = drift.openDrift(in: deployment.record)
        let names = open.flatMap { address, fields in fields.map { "\(address) \($0.path)" } }.sorted()
        guard !names.isEmpty else {
            if !drift.isEmpty {
                Console.note("Nothing was accepted: the spec says what each of these fields is.")
            }
            return drift
        }
        for name in names { Console.note("Others changed \(name), which the spec no longer has.") }
        guard try yes || Console.agrees("Leave that as it is?") else {
            Console.note("Nothing was accepted.")
            return drift
        }
        try await deployment.session.locked(locking, stack, for: "drift") { session in
            let started = Deployment.milliseconds()
            let record = try await session.store.load()
            guard record.digest == deployment.recordDigest else { throw Diagnostic.appliedMeanwhile }
            try await session.store.save(record.forgetting(open).entries)
            try await session.note(
                "drift --accept", "\(names.count) accepted", lines: names.map { "accept \($0): done" }, since: started)
        }
        Console.note("Accepted \(names.count) of \(drift.changes.flatMap(\.fields).count) changed fields.")
        return drift.without(open)
    }
}

extension Deployment {
    /// Whether anything of the stack is there, or was.
    fileprivate var isApplied: Bool {
        !loaded.isEmpty || survey.members.values.contains { $0.ownership == .ours }
    }
}

extension Diagnostic {
    fileprivate static func nothingToCompare(_ stack: StackName) -> Diagnostic {
        Diagnostic(
            "nothing-applied", "Nothing is applied",
            detail: "Nothing of the stack `\(stack)` was applied to these servers, so nothing can differ.",
            fix: "Run `drover apply` first, or look at the right servers.", cause: .unavailable)
    }

    fileprivate static var appliedMeanwhile: Diagnostic {
        Diagnostic(
            "record-moved", "The record is not the one that was looked at",
            detail: "Something was applied to this stack since its drift was looked for, so nothing was accepted.",
            fix: "Look for drift again.", cause: .conflict)
    }
}
