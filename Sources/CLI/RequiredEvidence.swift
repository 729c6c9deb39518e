import Engine
import FoundationEssentials
import Kinds
import Language
import Reports
import Runtime
import Serving
import Suites
import Synchronization
import Wire

/// The suite that agents must have passed to be served.
///
/// Of an agent that a spec declares, what counts is what stands in its present state: as it is declared and applied, with all
/// that it needs. Of a logged version, which comes without a spec, and of one that was applied after the spec was read, it is what
/// was found out about just this version, and about the state of the agent with which a release took it up. How old it is does
/// not matter: nothing of an agent changes by its being served.
struct RequiredEvidence: Sendable {
    let suite: String

    /// - Throws: `Diagnostic` when a spec has no such suite of one of the agents.
    func requireSuite(of agents: [String], in workflow: Workflow) throws(Diagnostic) {
        let suites = workflow.specs(of: SuiteSpec.self).map { ($0.declaration.address.name, $0.spec.agent.value) }
        for agent in agents {
            let own = suites.filter { $0.1 == agent }.map(\.0).sorted()
            guard !own.contains(suite) else { continue }
            throw .noSuite(suite, tests: suites.first { $0.0 == suite }?.1, agent, among: own)
        }
    }

    /// The agents with the evidence that lets each be served.
    /// - Throws: `Diagnostic` for the first that has none.
    func proving(
        _ agents: [PublishedAgent], of source: ServedSource, in session: Session
    ) async throws -> [PublishedAgent] {
        var proved: [PublishedAgent] = []
        for agent in agents {
            var agent = agent
            if source.isDeclared {
                let state = try await look(at: agent, in: session)
                guard let present = state.present else { throw Diagnostic.notAsDeclared(agent, suite) }
                (agent.evidence, agent.surroundings) = (try standing(present, for: agent), state.surroundings)
            } else {
                agent.evidence = try standing(try await logged(agent, in: session.servers.mlflow), for: agent)
            }
            proved.append(agent)
        }
        return proved
    }

    /// An agent that was applied after its spec was read, with the evidence that lets it be served: what stands in its present
    /// state, where the spec still says the same, else what was found out about just its version.
    /// - Throws: `Diagnostic` when there is none, or it says nothing about how this process would run the agent.
    func following(_ agent: PublishedAgent, in session: Session) async throws -> PublishedAgent {
        var agent = agent
        let state = try await look(at: agent, in: session)
        if let present = state.present, state.version == agent.version {
            (agent.evidence, agent.surroundings) = (try standing(present, for: agent), state.surroundings)
            return agent
        }
        if let function = Kinds.handledFunction(of: agent.definition, in: session.workflow) {
            throw Diagnostic.untested(
                agent, suite, "its function `\(function)` is carried out here as the spec said when the server read it")
        }
        let all = try await logged(agent, in: session.servers.mlflow, places: state.places)
        agent.evidence = try standing(all, for: agent)
        return agent
    }

    /// Looks whether the evidence of a served agent still stands. When another version was applied since, that is what stood
    /// when it began to be served, as long as nothing has changed that it needs.
    /// - Throws: `Diagnostic` when it does not.
    func requireStanding(of agent: PublishedAgent, of source: ServedSource, in session: Session) async throws {
        guard source.isDeclared else {
            _ = try standing(try await logged(agent, in: session.servers.mlflow), for: agent)
            return
        }
        let state = try await look(at: agent, in: session)
        guard let surroundings = agent.surroundings, let evidence = agent.evidence else {
            let all = try await logged(agent, in: session.servers.mlflow, places: state.places)
            _ = try standing(all, for: agent)
            return
        }
        // Files are read anew: the spec may say what was applied since, and this version does not.
        if let present = state.present, state.version == agent.version {
            _ = try standing(present, for: agent)
            return
        }
        guard state.version != agent.version else { throw Diagnostic.notAsDeclared(agent, suite) }
        guard state.surroundings == surroundings else {
            throw Diagnostic.untested(agent, suite, "what it needs, such as documents, has changed since")
        }
        guard let mlflow = session.servers.mlflow else { return }
        let all = try await mlflow.evidence(underKey: evidence.key, inExperiments: state.places)
        _ = try standing(all, for: agent)
    }

    /// What is known of an agent that a spec declares.
    private struct State {
        /// All that stands under the key of the present state; nil where what is declared is not what is applied.
        var present: [Evidence]?
        /// nil where something that it needs is not applied as it is declared.
        var surroundings: String?
        /// The version that was applied last.
        var version: String?
        var places: [String]
    }

    private func look(at agent: PublishedAgent, in session: Session) async throws -> State {
        let needed = Kinds.surroundings(ofAgent: agent.name, in: session.workflow)
        let applied = try await AppliedState.look(
            at: [Kinds.address(ofAgent: agent.name)], and: needed, in: session)
        return State(
            present: try await PresentEvidence.all(for: [suite], in: session, given: applied)[suite]?.all,
            surroundings: applied.digest(of: needed),
            version: applied.lookup.place(of: agent.name, isApplied: true)?.modelURI,
            places: applied.lookup.evidencePlaces)
    }

    /// All that stands under the key of the newest result about the version, whichever versions it was found about: equal keys,
    /// equal agents. What a gate passed on an earlier result has none of its own; then it is that of the state of the agent
    /// with which the release took the version up, as for `approve`. Releases are removed, and forget what they took up long ago:
    /// what is served by then stands as long as nothing says otherwise.
    /// - Parameter places: The experiments where it may be; nil for those of the version's stack.
    private func logged(
        _ agent: PublishedAgent, in mlflow: MLflowServer?, places: [String]? = nil
    ) async throws -> [Evidence] {
        guard let mlflow, let version = agent.version, let place = agent.place else { return [] }
        let noted = try await mlflow.noted(ModelVersionURI(version))
        var known: Set = [place.experimentID]
        if places == nil, let stack = noted.stack { known.formUnion(try await mlflow.evidencePlaces(ofStack: stack)) }
        let places = places ?? known.sorted()
        let own = try await mlflow.evidence(of: version, bySuite: suite, inExperiments: places)
        let all = try await own + alike(noted, after: own, in: mlflow, places)
        guard let key = all.underNewestKey.first?.key ?? agent.evidence?.key else { return [] }
        return try await mlflow.evidence(underKey: key, inExperiments: places)
    }

    /// What is known of the state with which a release took a version up. Once the version itself was tested in another one,
    /// such as with other documents, that says nothing any more.
    /// - Parameter own: What was found out about just the version.
    private func alike(
        _ noted: NotedVersion, after own: [Evidence], in mlflow: MLflowServer, _ places: [String]
    ) async throws -> [Evidence] {
        guard let digest = noted.digest, own.allSatisfy({ $0.logical == digest }) else { return [] }
        return try await mlflow.evidence(ofAgent: digest, bySuite: suite, inExperiments: places)
    }

    private func standing(_ all: [Evidence], for agent: PublishedAgent) throws(Diagnostic) -> Evidence {
        let now = Int(Date().timeIntervalSince1970)
        switch GateDecision(of: all, maxAge: .seconds(1 << 40), rerun: .never, now: now) {
        case .passed(let evidence): return evidence
        case .failed(let evidence): throw .failedSuite(agent, suite, evidence)
        case .run, .unknown: throw .untested(agent, suite, "no passing run of it counts for what would be served")
        }
    }
}

/// Whether what is served has the evidence that is required, for a served agent may change in place: by its documents, or by a
/// result that takes another one back.
final class StandingProof: Sendable {
    private let lasts = Atomic<Bool>(true)

    var holds: Bool {
        lasts.load(ordering: .relaxed)
    }

    /// What is served has been found to have it.
    func renew() {
        if !holds { Console.note("What is served has the evidence again: `/ready` answers 200.") }
        lasts.store(true, ordering: .relaxed)
    }

    /// Looks from time to time, at what is listed then, until the task is cancelled. What cannot be found out changes nothing.
    func watch(
        _ publication: Publication, of source: ServedSource, in session: Session,
        every interval: Duration = .seconds(60)
    ) async {
        guard let required = source.required else { return }
        // A cancelled sleep ends it.
        while (try? await Task.sleep(for: interval)) != nil {
            do {
                let session = try await session.refreshed()
                for agent in publication.agents {
                    try await required.requireStanding(of: agent, of: source, in: session)
                }
                renew()
            } catch let problem as Diagnostic where problem.cause == .failed {
                if holds { source.stack.warn(problem.whileServing(required.suite)) }
                lasts.store(false, ordering: .relaxed)
            } catch {
                continue  // MLflow is away, for example.
            }
        }
    }
}

extension Diagnostic {
    /// The code of what says that an agent failed the suite: to run that again does not help.
    static let failedSuite: Diagnostic.Code = "failed-suite"
    /// The code of what says that nothing shows that an agent has passed the suite.
    static let untested: Diagnostic.Code = "untested"

    fileprivate func whileServing(_ suite: String) -> Diagnostic {
        var warning = self
        warning.severity = .warning
        warning.detail += " It is still served, and `/ready` answers 503."
        guard code != Self.failedSuite else { return warning }
        warning.fix =
            "Run `drover test --suite \(suite)` for it; start the server again if the spec or its files have changed."
        return warning
    }

    /// - Parameters:
    ///   - tested: The agent that a suite of this name tests; nil when there is none of this name.
    ///   - own: The suites of the agent.
    fileprivate static func noSuite(
        _ suite: String, tests tested: String?, _ agent: String, among own: [String]
    ) -> Diagnostic {
        Diagnostic(
            "no-such-suite", "No such suite",
            detail: tested.map { "The suite `\(suite)` tests the agent `\($0)`, and not `\(agent)`." }
                ?? "The spec declares no suite `\(suite)`.",
            fix: Suggestion.nearest(to: suite, among: own).map { "Did you mean `\($0)`?" }
                ?? (own.isEmpty
                    ? "Declare a suite of `\(agent)`, and run it." : "Use one of \(own.prefix(12).listed)."),
            cause: .usage)
    }

    fileprivate static func failedSuite(
        _ agent: PublishedAgent, _ suite: String, _ evidence: Evidence
    ) -> Diagnostic {
        Diagnostic(
            failedSuite, "The agent failed the suite",
            detail: unpassed(agent, suite, "it failed on \(evidence.at), run \(evidence.run)"),
            fix: "What failed stays so for just this agent, however often it is run: change it, apply it, and run "
                + "`drover test --suite \(suite)`.",
            cause: .failed)
    }

    fileprivate static func notAsDeclared(_ agent: PublishedAgent, _ suite: String) -> Diagnostic {
        untested(agent, suite, "what is declared is not what is applied")
    }

    /// - Parameter reason: The end of a sentence.
    fileprivate static func untested(_ agent: PublishedAgent, _ suite: String, _ reason: String) -> Diagnostic {
        Diagnostic(
            untested, "The agent was not tested", detail: unpassed(agent, suite, reason),
            fix: "Apply it, run `drover test --suite \(suite)`, and serve it then.", cause: .failed)
    }

    private static func unpassed(_ agent: PublishedAgent, _ suite: String, _ reason: String) -> String {
        let served = agent.version.map { "`\(agent.name)`, \($0)," } ?? "`\(agent.name)`"
        return "\(served) has not passed the suite `\(suite)`: \(reason)."
    }
}
