import Engine
import FoundationEssentials
import Kinds
import Language
import Runtime
import Serving
import Wire

/// Where the agents that are served come from: a spec, logged versions, or the environment alone.
struct ServedSource: Sendable {
    private enum Origin: Sendable {
        case spec(agents: [String], isApplied: Bool)
        case versions([ModelVersionURI])
        case environment(EnvironmentAgent)
    }

    let stack: Stack
    /// What must have been found out about what is served; nil for nothing.
    let required: RequiredEvidence?
    private let origin: Origin

    /// How often it is looked whether an alias has moved.
    static let interval: Duration = .seconds(5)

    init(_ command: ServeCommand) throws {
        required = command.requireEvidence.map { RequiredEvidence(suite: $0) }
        if !command.modelVersions.isEmpty {
            stack = try Stack.bare(command.variation, lab: command.server.lab)
            origin = .versions(try command.modelVersions.map { try ModelVersionURI($0) })
            return
        }
        let environment = ProcessInfo.processInfo.environment
        do {
            stack = try Stack.load(command.paths, command.variation, lab: command.server.lab).announced()
        } catch let failure as CommandFailure {
            let isNamed = !command.paths.isEmpty || !command.agents.isEmpty
            guard !isNamed, !Self.hasSpec(in: ".") else { throw failure }
            guard var agent = EnvironmentAgent(environment) else { throw failure.servingNothing }
            stack = try Stack.bare(command.variation, lab: command.server.lab)
            let isMLflowNamed = command.server.mlflowURL != nil || environment["MLFLOW_TRACKING_URI"]?.isEmpty == false
            let warning = agent.trace(isWanted: !command.noTrace, isNamed: isMLflowNamed, hasLab: stack.lab != nil)
            if let warning { stack.warn(warning) }
            origin = .environment(agent)
            return
        }
        let names = command.agents.isEmpty ? Kinds.agents(in: stack.workflow) : command.agents
        guard !names.isEmpty else {
            throw CommandFailure(diagnostics: [.nothingToServe], sources: stack.sources)
        }
        try required?.requireSuite(of: names, in: stack.workflow)
        var seen: Set<String> = []
        origin = .spec(agents: names.filter { seen.insert($0).inserted }, isApplied: !command.fromSpec)
    }

    /// Whether a file of a directory looks like a spec, well-formed or not.
    private static func hasSpec(in directory: String) -> Bool {
        // What cannot be listed has none.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.contains { name in
            guard [".yaml", ".yml", ".json"].contains(where: name.hasSuffix),
                let bytes = try? FileBytes.read("\(directory)/\(name)", atMost: 16 << 20)
            else { return false }
            return String(decoding: bytes, as: UTF8.self).contains(/(?m)^[ \t{]*"?drover"?[ \t]*:/)
        }
    }

    /// The servers to connect to; nil for those of the spec.
    var needs: Needs? {
        switch origin {
        case .spec: nil
        case .versions: Needs(llamaStack: true, mlflow: true)
        case .environment(let agent): Needs(llamaStack: true, mlflow: agent.experiment != nil)
        }
    }

    /// Whether MLflow is there for the traces alone, which can wait for it.
    var canAwaitMLflow: Bool {
        guard required == nil else { return false }
        switch origin {
        case .spec(let names, let isApplied):
            return AgentLookup.finds(names, withoutMLflowIn: stack.workflow, isApplied: isApplied)
        case .versions: return false
        case .environment(let agent): return agent.experiment != nil
        }
    }

    /// Whether a spec declares the agents.
    var isDeclared: Bool {
        if case .spec = origin { return true }
        return false
    }

    /// The agents as they are now, with the evidence that is required.
    /// - Throws: `Diagnostic` when one cannot be run, or was not tested.
    func agents(in session: Session) async throws -> [PublishedAgent] {
        if required != nil, let mlflow = session.servers.mlflow {
            await TestRun.sendEarlier(to: mlflow, stack, in: session)
        }
        let found = try await found(in: session)
        return try await required?.proving(found, of: self, in: session) ?? found
    }

    private func found(in session: Session) async throws -> [PublishedAgent] {
        switch origin {
        case .spec(let names, let isApplied):
            let found = try await RunnableAgents.find(Set(names), isApplied: isApplied, in: session, stack)
            return try await declared(names, isApplied, found, isMLflowAwaited: session.awaitedMLflow != nil)
        case .versions(let uris):
            var agents: [PublishedAgent] = []
            for uri in uris {
                let agent = PublishedAgent(try await RunnableAgents.logged(uri, in: session, stack))
                guard !agents.contains(where: { $0.name == agent.name }) else {
                    throw Diagnostic.servedTwice(agent.name)
                }
                agents.append(agent)
            }
            return agents
        case .environment(let agent):
            guard let llamaStack = session.servers.llamaStack else { throw Diagnostic.nothingToServe }
            let definition = agent.definition(on: llamaStack.capabilities)
            if let warning = try await agent.problem(on: llamaStack) { stack.warn(warning) }
            return [
                PublishedAgent(
                    name: definition.name, definition: definition, runtime: AgentRuntimes(server: llamaStack),
                    place: try await agent.place(in: session.servers.mlflow))
            ]
        }
    }

    private func declared(
        _ names: [String], _ isApplied: Bool, _ found: RunnableAgents, isMLflowAwaited: Bool = false
    ) async throws -> [PublishedAgent] {
        var agents: [PublishedAgent] = []
        for name in names {
            let place =
                isMLflowAwaited
                ? found.lookup.awaitedPlace(of: name) : found.lookup.place(of: name, isApplied: isApplied)
            agents.append(
                PublishedAgent(
                    name: name, definition: try await found.definition(of: name, isApplied ? .lastApplied : .declared),
                    runtime: found.runtime, place: place, version: place?.modelURI))
        }
        return agents
    }

    /// Publishes what aliases point at whenever they have moved, or what was applied anew, until the task is cancelled.
    /// - Parameter onProven: Is called when something is published that has the evidence that is required.
    func follow(
        _ publication: Publication, in session: Session, every interval: Duration = ServedSource.interval,
        onProven: @escaping @Sendable () -> Void = {}
    ) async {
        if case .spec(let names, isApplied: true) = origin {
            return await followApplied(names, publication, session, every: interval * 2, onProven)
        }
        guard case .versions(let uris) = origin, let mlflow = session.servers.mlflow else { return }
        var followed = zip(uris, publication.agents).map { Followed(uri: $0, name: $1.name, version: $1.version) }
        // A cancelled sleep ends it.
        while (try? await Task.sleep(for: interval)) != nil {
            for index in followed.indices {
                await look(at: &followed[index], publication, mlflow, session, onProven)
            }
        }
    }

    private func followApplied(
        _ names: [String], _ publication: Publication, _ session: Session, every interval: Duration,
        _ onProven: @Sendable () -> Void
    ) async {
        var trouble: String?
        // A cancelled sleep ends it.
        while (try? await Task.sleep(for: interval)) != nil {
            do {
                let session = try await session.refreshed()
                let found = try await RunnableAgents.find(Set(names), isApplied: true, in: session, stack)
                for agent in try await declared(names, true, found) {
                    let served = publication.agents.first { $0.name == agent.name }
                    guard let served, served.version != agent.version else { continue }
                    try found.require(agent.definition)
                    let proven = try await required?.following(agent, in: session) ?? agent
                    guard publication.replace(agent.name, with: proven) else { continue }
                    if required != nil { onProven() }
                    Console.note(
                        "Serving `\(agent.name)` as it was applied now" + (agent.version.map { ", \($0)" } ?? ""))
                }
                trouble = nil
            } catch is CancellationError {
                return
            } catch {
                // What is served stays; one trouble is told once.
                let problem = Diagnostic.from(error, at: nil)
                if trouble != problem.detail { stack.warn(.notRenewed(problem)) }
                trouble = problem.detail
            }
        }
    }

    private func look(
        at followed: inout Followed, _ publication: Publication, _ mlflow: MLflowServer, _ session: Session,
        _ onProven: @Sendable () -> Void
    ) async {
        do {
            let version = try await mlflow.agentVersion(followed.uri)
            if version.uri != followed.version {
                var agent = PublishedAgent(
                    try await RunnableAgents.logged(version, called: followed.uri, in: session, stack))
                if let required { agent = try await required.proving([agent], of: self, in: session)[0] }
                guard publication.replace(followed.name, with: agent) else {
                    throw Diagnostic.servedTwice(agent.name)
                }
                if required != nil { onProven() }
                (followed.name, followed.version) = (agent.name, version.uri)
                Console.note("Serving `\(agent.name)`, \(version.uri), where \(followed.uri) points now")
            }
            followed.trouble = nil
        } catch is CancellationError {
            return
        } catch {
            // What is served stays; one trouble is told once.
            let trouble = Diagnostic.from(error, at: nil)
            if followed.trouble != trouble.detail { stack.warn(.notFollowed(followed.uri, trouble)) }
            followed.trouble = trouble.detail
        }
    }
}

/// What is served of a logged version, to see whether its alias has moved.
private struct Followed {
    let uri: ModelVersionURI
    /// The agent that is served for it, and its version.
    var name: String
    var version: String?
    /// Why it could not be followed the last time; nil when it could.
    var trouble: String?
}

extension CommandFailure {
    /// The same for who serves without a spec and has not said what.
    fileprivate var servingNothing: CommandFailure {
        var told = self
        for index in told.diagnostics.indices where told.diagnostics[index].code == "no-specs" {
            let fix = told.diagnostics[index].fix.map { "\($0) " } ?? ""
            told.diagnostics[index].fix =
                fix + "Without a spec, `LLAMASTACK_MODEL` or `LLAMASTACK_AGENT_ID` says what is served."
        }
        return told
    }
}

extension PublishedAgent {
    fileprivate init(_ logged: RunnableAgents.Logged) {
        self.init(
            name: logged.definition.name, definition: logged.definition, runtime: logged.runtime, place: logged.place,
            version: logged.version.uri)
    }
}

extension Diagnostic {
    fileprivate static func servedTwice(_ name: String) -> Diagnostic {
        Diagnostic(
            "served-twice", "Two agents with one name",
            detail: "Two of the versions are of an agent `\(name)`, and requests could not tell them apart.",
            fix: "Serve them on two ports.", cause: .usage)
    }

    static func notRenewed(_ problem: Diagnostic) -> Diagnostic {
        guard ![untested, failedSuite].contains(problem.code) else { return .notServed(problem) }
        return Diagnostic(
            "not-followed", "What is applied now cannot be found out",
            detail: "What was served goes on. \(problem.detail)",
            fix: problem.fix ?? "Nothing has to be done here: it is looked again every few seconds.",
            severity: .warning,
            cause: problem.cause)
    }

    /// The server has read the spec at its start, and carries out functions as that said.
    private static func notServed(_ problem: Diagnostic) -> Diagnostic {
        Diagnostic(
            "not-followed", "What is applied now is not served",
            detail: "What was served goes on. \(problem.detail)",
            fix: problem.code == failedSuite
                ? problem.fix
                : "Run `drover test` for it: it is looked again every few seconds. If it has passed, start the server again.",
            severity: .warning, cause: problem.cause)
    }

    static func notFollowed(_ uri: ModelVersionURI, _ problem: Diagnostic) -> Diagnostic {
        let fix =
            switch problem.code {
            case failedSuite: problem.fix
            case untested: "Run the suite on that version: it is looked again every few seconds."
            default: "Nothing has to be done here: it is looked again every few seconds."
            }
        return Diagnostic(
            "not-followed", "An alias cannot be followed",
            detail:
                "What `\(uri)` points at cannot be found out or served, so what was served goes on. \(problem.detail)",
            fix: fix, severity: .warning, cause: problem.cause)
    }
}
