import Engine
import Kinds
import Language
import Reports
import Runtime
import Suites
import Synchronization

/// Whether what a run tests stays the same from its beginning to its end: else what passed is no evidence.
///
/// The evidence of suites that a change would take away is held until that is known.
final class SteadyEvidence: Sendable {
    private struct State {
        var held: [SuiteResult] = []
        var ended: Set<String> = []
        var changed: Set<String>
    }

    /// What the results are kept under at the beginning, by suite.
    private let keys: [String: String]
    /// The suites whose agents were found as they are declared, and must be so at the end.
    private let present: Set<String>
    private let state: Mutex<State>

    init(keys: [String: String], present: Set<String>, changed: Set<String>) {
        self.keys = keys
        self.present = present
        state = Mutex(State(changed: changed))
    }

    /// Keeps the evidence of a suite back that ends, where a change would take it away.
    /// - Parameter counts: Whether a result is evidence to its full extent, whatever has changed.
    /// - Returns: Whether it is held.
    func holds(_ event: SuiteEvent, unless counts: (SuiteResult) -> Bool) -> Bool {
        guard case .suiteFinished(let result) = event, keys[result.suite] != nil else { return false }
        let isHeld = !counts(result)
        state.withLock { state in
            state.ended.insert(result.suite)
            if isHeld { state.held.append(result) }
        }
        return isHeld
    }

    /// The suites that have ended and may be evidence.
    var ended: Set<String> { state.withLock(\.ended) }

    /// Compares the keys at the end with those at the beginning.
    /// - Parameter now: Those of agents that are applied as they are declared; nil when nobody knows.
    /// - Returns: The suites during which something has changed, in order.
    func settle(_ now: [String: String]?) -> [String] {
        let ended = ended
        let changed = keys.filter { suite, key in
            guard ended.contains(suite) else { return false }
            guard let now else { return true }
            return now[suite].map { $0 != key } ?? present.contains(suite)
        }
        state.withLock { $0.changed.formUnion(changed.keys) }
        return changed.keys.sorted()
    }

    /// The suites of which what passed is no evidence.
    var changed: Set<String> { state.withLock(\.changed) }

    /// The results whose evidence was held, and is not any longer.
    var released: [SuiteResult] {
        state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
    }
}

extension TestRun {
    /// Begins to watch what the results are evidence of.
    /// - Parameter earlier: The run that this one goes on with, whose samples are among its own.
    func steady(isGate: Bool, after earlier: RecordedRun?, in session: Session) async -> SteadyEvidence {
        let keys = isEvidence ? (evidence ?? [:]).mapValues(\.key) : [:]
        var present = Set(keys.keys)
        if isGate, !present.isEmpty {
            // The plan knows the key of a gate also where something is not yet as it is declared.
            // Where that cannot be found out, only what is found at the end can have changed.
            let found = try? await PresentEvidence.all(for: present, in: session)
            present = Set((found ?? [:]).filter { keys[$0.key] == $0.value.key.text }.keys)
        }
        let before = (earlier?.changed ?? []).intersection(keys.keys)
        if !before.isEmpty { stack.warn(.changedBefore(before.sorted())) }
        return SteadyEvidence(keys: keys, present: present, changed: earlier?.changed ?? [])
    }

    /// Whether a result is evidence to its full extent also where something has changed meanwhile.
    func hasFailed(_ result: SuiteResult) -> Bool {
        guard let suite = suites.first(where: { $0.name == result.suite }), let standing = evidence?[suite.name] else {
            return false
        }
        return Evidence(result, of: suite, isPart: shard != nil, standing, at: "", run: "").hasFailed
    }

    /// Looks at the end of a run whether what it tested is still the same, and tells when it is not.
    func settle(_ steady: SteadyEvidence, in session: Session) async {
        let ended = steady.ended
        guard !ended.isEmpty else { return }
        do {
            let now = try await Interruption.bounding(by: .seconds(10)) {
                try await PresentEvidence.all(for: ended, in: session.refreshed())
            }
            guard let now else { throw Diagnostic.notInTime }
            let changed = steady.settle(now.mapValues(\.key.text))
            if !changed.isEmpty { stack.warn(.changedMeanwhile(changed)) }
        } catch {
            _ = steady.settle(nil)
            stack.warn(.unsettled(ended.sorted(), because: Diagnostic.from(error, at: nil).detail))
        }
    }
}

extension Session {
    /// What the evidence of suites is kept under now, by suite: of those whose agents are applied as they are declared.
    /// - Parameter stack: The stack that they are declared in.
    /// - Returns: Nil where that cannot be found out: also of another stack, and without the server of the agents.
    func presentKeys(of suites: Set<String>, inStack stack: String) async -> [String: String]? {
        let hasAgents = servers.llamaStack != nil || !Kinds.standard.needs(of: workflow).llamaStack
        guard stack == workflow.stack.name, hasAgents else { return nil }
        // Why it cannot be found out, whoever needs the evidence is told by what fails then.
        return try? await PresentEvidence.all(for: suites, in: refreshed()).mapValues(\.key.text)
    }
}

extension Diagnostic {
    fileprivate static var notInTime: Diagnostic {
        Diagnostic(
            "not-in-time", "Not in time",
            detail: "The run was interrupted, and the servers did not say so within 10 seconds.")
    }

    fileprivate static func changedBefore(_ suites: [String]) -> Diagnostic {
        Diagnostic(
            "changed-meanwhile", "What was tested has changed",
            detail:
                "While \(suites.listed) ran in the run that this one goes on with, something changed that the answers "
                + "or their verdicts depend on. Its samples are kept, so that what passes is no evidence.",
            fix: "The verdict stands without it. Run the shard anew where a gate or a server asks for evidence.",
            severity: .warning)
    }

    fileprivate static func unsettled(_ suites: [String], because reason: String) -> Diagnostic {
        Diagnostic(
            "no-evidence", "Results that are no evidence",
            detail:
                "Whether what \(suites.listed) tested is still the same could not be found out, so that what passed is no "
                + "evidence. \(reason)",
            fix: "The verdict stands without it. Run the suites again where a gate or a server asks for evidence.",
            severity: .warning)
    }
}
