import ArgumentParser
import Engine
import Kinds
import Language
import Runtime
import Wire

/// `drover invoke`.
struct InvokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invoke",
        abstract: "Ask an agent one question.",
        discussion: """
            The answer streams to standard output; the tools it calls are told on standard error. Its trace is written \
            into the experiment of the agent, where it has one.

            EXAMPLES
              drover invoke support "Do you ship abroad?" --spec specs/quickstart
              drover invoke support "Do you ship abroad?" --from-spec
              drover invoke --model-version models:/quickstart-support/latest "Do you ship abroad?"
              drover invoke --url http://localhost:5000 "Do you ship abroad?"
            """)

    @Argument(help: "The declared name of the agent; left out with --model-version and --url.")
    var agent: String

    @Argument(help: "The question.")
    var question: String?

    @Option(
        help: ArgumentHelp(
            "Ask what was logged as this version, without a spec: models:/NAME/3 or models:/NAME@ALIAS.",
            valueName: "uri"))
    var modelVersion: String?

    @Option(help: "Ask the agent that is served there, without a spec: any server with MLflow's /invocations.")
    var url: String?

    @Option(name: .customLong("spec"), help: "A file or directory of the spec; repeatable (default: this directory).")
    var paths: [String] = []

    @OptionGroup var variation: VariationOptions
    @OptionGroup var server: ServerOptions

    @Flag(help: "Run what the file says now, not the last applied version.")
    var fromSpec = false

    @Flag(help: "Write no trace of it into MLflow.")
    var noTrace = false

    @Option(help: "How long the answer may take, such as 60s.")
    var timeout = "120s"

    func validate() throws {
        let (logged, isServed) = (modelVersion != nil, url != nil)
        if logged, isServed { throw ValidationError("`--model-version` and `--url` name two agents.") }
        if logged || isServed, question != nil || fromSpec || !paths.isEmpty {
            let option = logged ? "--model-version" : "--url"
            throw ValidationError("`\(option)` takes a question only: neither an agent nor a spec.")
        }
        if !logged, !isServed, question == nil { throw ValidationError("Name the agent and the question.") }
        if let url { _ = try ServedPlace(url, environment: [:]) }
        guard Quantity.duration(timeout) != nil else {
            throw ValidationError("--timeout takes a duration, such as 60s or 2m.")
        }
    }

    func run() async throws {
        if let modelVersion { return try await askVersion(ModelVersionURI(modelVersion)) }
        if let url { return try await askServed(at: url) }
        let stack = try Stack.load(paths, variation, lab: server.lab).announced()
        let (agent, fromSpec) = (agent, fromSpec)
        let answer = try await Session.open(stack, server) { session in
            let agents = try await RunnableAgents.find(
                [agent], isApplied: !fromSpec, in: session, stack)
            let definition = try await agents.definition(of: agent, fromSpec ? .declared : .lastApplied)
            let place = agents.lookup.place(of: agent, isApplied: !fromSpec)
            return try await traced(question ?? "", at: place, session)
                .ask(definition, of: agents.runtime) { stack.warn($0) }
        }
        try conclude(answer, of: agent, in: stack)
    }

    /// Asks a logged version; the functions that it calls have no handlers here.
    private func askVersion(_ uri: ModelVersionURI) async throws {
        let stack = try Stack.bare(variation, lab: server.lab)
        let answer = try await Session.open(stack, server, needs: Needs(llamaStack: true, mlflow: true)) { session in
            let logged = try await RunnableAgents.logged(uri, in: session, stack)
            return try await traced(agent, at: logged.place, session)
                .ask(logged.definition, of: logged.runtime) { stack.warn($0) }
        }
        try conclude(answer, of: "\(uri)", in: stack)
    }

    /// Asks the agent served at a URL, which writes its own traces.
    private func askServed(at url: String) async throws {
        let stack = try Stack.bare(variation, lab: server.lab)
        let question = Question(text: agent, timeout: limit, tracing: nil)
        let answer = try await ServedPlace(url, environment: stack.environment).withAgent { agent in
            let unknown = AgentDefinition(name: "", model: "", instructions: "")
            return try await question.ask(unknown, of: RemoteRuntime(agent)) { stack.warn($0) }
        }
        try conclude(answer, of: url, in: stack)
    }

    private var limit: Duration {
        Quantity.duration(timeout) ?? .seconds(120)
    }

    private func traced(_ text: String, at place: MLflowPlace?, _ session: Session) -> Question {
        guard !noTrace, let place, let mlflow = session.servers.mlflow else {
            return Question(text: text, timeout: limit, tracing: nil)
        }
        return Question(text: text, timeout: limit, tracing: (mlflow, place))
    }

    private func conclude(_ answer: Answer, of agent: String, in stack: Stack) throws {
        if let reason = answer.fallback { stack.warn(.fellBack("`\(agent)`", because: reason)) }
        guard answer.pendingCalls.isEmpty else { throw pending(answer.pendingCalls, of: agent) }
        guard answer.status == .completed, answer.hasMessage else {
            throw Diagnostic.noAnswer(agent, answer)
        }
    }

    /// Where no spec was read, the function may have a handler all the same.
    private func pending(_ calls: [Answer.ToolCall], of agent: String) -> Diagnostic {
        let told = calls.map { "`\($0.name)` with \($0.arguments.canonicalJSON)" }.joined(separator: ", ")
        let fix =
            modelVersion == nil && url == nil
            ? "Give the function an `http` or `exec` handler."
            : "Ask where the spec is read that has a handler for it: `drover invoke AGENT --spec PATH`, or what "
                + "`drover serve AGENT --spec PATH` serves."
        return Diagnostic(
            "pending-call", "The agent waits for a function",
            detail: "`\(agent)` calls \(told), and nobody carries it out.", fix: fix, cause: .unavailable)
    }
}

extension RunnableAgents {
    /// The definition of a logged version.
    struct Logged: Sendable {
        let definition: AgentDefinition
        let runtime: any AgentRuntime
        let version: AgentVersion
        /// Nil when its experiment is not known.
        var place: MLflowPlace? { version.place }
    }

    /// A logged version and its runtime: without function handlers, and with the tokens that it names.
    static func logged(_ uri: ModelVersionURI, in session: Session, _ stack: Stack) async throws -> Logged {
        guard let mlflow = session.servers.mlflow else { preconditionFailure("MLflow was asked for.") }
        return try await logged(try await mlflow.agentVersion(uri), called: uri, in: session, stack)
    }

    static func logged(
        _ version: AgentVersion, called uri: ModelVersionURI, in session: Session, _ stack: Stack
    ) async throws -> Logged {
        guard let llamaStack = session.servers.llamaStack, let mlflow = session.servers.mlflow else {
            preconditionFailure("Both servers were asked for.")
        }
        let definition = try await mlflow.definition(of: version)
        try await llamaStack.require(storesOf: definition, called: "\(uri)")
        let tokens = try Kinds.tokens(in: definition, environment: stack.environment)
        let runtimes = AgentRuntimes(server: llamaStack, tokens: tokens)
        try runtimes.require(definition)
        return Logged(definition: definition, runtime: runtimes, version: version)
    }
}

extension Diagnostic {
    fileprivate static func noAnswer(_ agent: String, _ answer: Answer) -> Diagnostic {
        Diagnostic(
            "no-answer", "The agent did not answer",
            detail: "`\(agent)` ended with the status `\(answer.status.rawValue)`"
                + (answer.error.map { ": \($0)" } ?? " and without a message."),
            fix: "Look at the server's log, or raise `maxSteps` if it ran out of steps.", cause: .unavailable)
    }
}
