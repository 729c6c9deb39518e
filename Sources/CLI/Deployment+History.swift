import Engine
import FoundationEssentials
import Kinds
import Language
import Reports
import Runtime
import Suites

extension Deployment {
    /// Adds the apply to the history, with the spec, the plan and what became of it.
    /// - Returns: Why that failed; it must not hide the result of the apply itself.
    func log(_ applied: Applied, command: String, since started: Int64) async -> [Diagnostic] {
        let results = results(of: applied)
        let environment = ProcessInfo.processInfo.environment
        var entry = HistoryEntry(
            command: command, specDigest: session.specDigest, gitCommit: session.servers.commit,
            actor: LockHolder.user, startedAt: started, finishedAt: Self.milliseconds(),
            succeeded: applied.failures.isEmpty && !applied.wasInterrupted, results: results.map(\.line))
        entry.summary = Self.summary(results)
        entry.verdicts = verdicts
        entry.drover = Version.text
        entry.lock = session.gate.held?.holder.id
        if session.servers.commit != nil {
            entry.isDirty = await GitCommit.isDirty(session.servers.folder.rootDirectory, environment)
        }
        do {
            try await session.store.log(entry, leaving: try remains(of: applied, results))
            return []
        } catch {
            return [Diagnostic.from(error, at: nil)]
        }
    }

    private func remains(of applied: Applied, _ results: [Result]) throws -> RunRemains {
        let folder = session.servers.folder
        let named = folder.namedFiles(keepingDocuments: session.recordSpec?.keepsDocuments ?? false)
        // What a destroy makes the servers is what a spec says that declares nothing.
        let isDestroyed = workflow.declarations.isEmpty
        let root = isDestroyed ? Stack.withoutDeclarations(session.root) : session.root
        return RunRemains(
            spec: YAMLWriter.write(Stack.rendered(root, in: folder)),
            plan: try PlanJSON.value(
                plan, servers: session.locations, endangered: endangered, requests: session.requestCount),
            results: .array(results.map(\.value)), applied: applied.entries,
            files: isDestroyed ? [] : named.files, contents: isDestroyed ? [:] : named.contents)
    }

    /// What became of one change.
    private struct Result {
        let change: Change
        let end: String
        var reason: String?

        /// `create vectorStores.handbook: done`, `check suites.golden: done (passed, run 24f3…)`
        var line: String {
            let told = change.action == .check ? reason.map { " (\($0))" } ?? "" : ""
            return "\(change.action.rawValue) \(change.address): \(end == "done" ? "done" : "not done")\(told)"
        }

        var value: Value {
            var fields: [String: Value] = [
                "address": .string(change.address.description), "action": .string(change.action.rawValue),
                "result": .string(end),
            ]
            fields["reason"] = reason.map { .string($0) }
            return .object(fields)
        }
    }

    private func results(of applied: Applied) -> [Result] {
        plan.changes.filter { $0.action != .keep }.map { change in
            // What a replacement left over has the address of what took its place.
            let isRemoval = change.action == .delete || change.action == .forget
            let removal = applied.removals[change.address].map { Self.result(change, $0) }
            if isRemoval, let removal { return removal }
            if case .passed(let outputs)? = checks?[change.address] {
                return Result(change: change, end: "done", reason: Self.evidence(outputs))
            }
            if let step = applied.steps[change.address] { return Self.result(change, step) }
            return removal
                ?? Result(change: change, end: waits(change) ? "waits for its gates" : "not begun")
        }
    }

    /// What the gates came to, in the order of the declarations: `golden: passed, run 24f3…`; nil where none was tried, or held
    /// something back. What is overridden, or tried again, is told by the apply that does that.
    private var verdicts: [String]? {
        let blocking = withheld.isEmpty ? [] : gates
        let lines = workflow.declarations.compactMap { declaration -> String? in
            let failed = blocking.first { $0.address == declaration.address }?.failure.map(CheckResult.failed)
            return (checks?[declaration.address] ?? failed).map {
                "\(declaration.address.name): \(Self.verdict($0))"
            }
        }
        return lines.isEmpty ? nil : lines
    }

    private static func verdict(_ result: CheckResult) -> String {
        switch result {
        case .passed(let outputs):
            let standing = result.standing.map { ", on evidence of \($0.at), run \($0.run)" }
            return (outputs["verdict"]?.string ?? "passed") + (standing ?? "")
        case .failed(let problem):
            return (problem.cause == .failed ? Verdict.failed : .inconclusive).rawValue
        }
    }

    /// Why a gate let through: `passed, run 24f3…`, `overridden: the model is down`.
    private static func evidence(_ outputs: [String: Output]) -> String? {
        guard let verdict = outputs["verdict"]?.string else { return nil }
        let reason = outputs["reason"]?.string.map { ": \($0)" } ?? ""
        return verdict + reason + (outputs["evidence"]?.string.map { ", run \($0)" } ?? "")
    }

    /// Whether it is withheld until its gates were tried, which is an apply of its own.
    private func waits(_ change: Change) -> Bool {
        checks == nil && workflow.gated.contains(change.address)
    }

    private static func result<Success: Sendable>(_ change: Change, _ outcome: Outcome<Success>) -> Result {
        switch outcome {
        case .done: Result(change: change, end: "done")
        case .failed(let diagnostic):
            Result(change: change, end: "failed", reason: "\(diagnostic.code.name): \(diagnostic.detail)")
        case .skipped(let cause): Result(change: change, end: "skipped", reason: "because of \(cause)")
        case .interrupted: Result(change: change, end: "interrupted")
        }
    }

    /// `2 created, 1 changed, 1 not done`
    private static func summary(_ results: [Result]) -> String {
        let done = results.filter { $0.end == "done" }
        var parts = Action.allCases.compactMap { action -> String? in
            let count = done.count { $0.change.action == action }
            return count > 0 ? "\(count) \(action.past)" : nil
        }
        let left = results.count { $0.end != "done" && $0.end != "waits for its gates" }
        if left > 0 { parts.append("\(left) not done") }
        return parts.isEmpty ? "nothing" : parts.joined(separator: ", ")
    }
}

extension Stack {
    /// A spec as it is after files, overlays and variables, by itself.
    static func rendered(_ root: Node, in folder: SpecFolder) -> Node {
        Rendering(
            catalog.fields, root: folder.rootDirectory, directory: { folder.base(of: $0) }
        ).render(root)
    }

    /// The same spec without the sections of what is declared.
    static func withoutDeclarations(_ root: Node) -> Node {
        let sections = Set(catalog.sections.map(\.key))
        return Node(.mapping((root.entries ?? []).filter { !sections.contains($0.key) }), at: root.range)
    }
}

extension GitCommit {
    /// Whether a directory holds what is not committed; nil when that cannot be found out.
    static func isDirty(_ directory: String, _ environment: [String: String]) async -> Bool? {
        let git = ProgramFunction(
            [
                // A repository that is only looked at must not run programs, nor be written to.
                "git", "--no-optional-locks", "-c", "core.fsmonitor=false", "status", "--porcelain", "--",
                ".", ":(exclude,glob)**/.drover/**",
            ],
            in: directory, timeout: .seconds(10), environment: environment)
        // Without git, or with too much to list, it stays unknown.
        return try? await !git.call([:]).isEmpty
    }
}
