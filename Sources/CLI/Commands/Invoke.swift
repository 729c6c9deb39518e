import ArgumentParser
import Engine
import Kinds
import Language
import Runtime

/// `drover invoke`.
struct InvokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invoke",
        abstract: "Ask an agent one question.",
        discussion: """
            The answer streams to standard output; the tools it calls are told on standard error.

            EXAMPLES
              drover invoke support "Do you ship abroad?" --spec specs/quickstart
              drover invoke support "Do you ship abroad?" --from-spec
              drover invoke --model-version models:/quickstart-support@production "Do you ship abroad?"
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
        let (agent, question, fromSpec) = (agent, question ?? "", fromSpec)
        let limit = Quantity.duration(timeout) ?? .seconds(120)
        let answer = try await Session.open(stack, server) { session in
            let agents = try await RunnableAgents.find(in: session, stack)
            let definition = try await fromSpec ? agents.lookup.declared(agent) : agents.lookup.lastApplied(agent)
            return try await Interruption.cancelling {
                try await agents.runtime.withConversation(with: definition) { conversation in
                    try await conversation.ask(question, timeout: limit) { Self.show($0) }
                }
            }
        }
        try conclude(answer, of: agent, in: stack)
    }

    /// Asks what was logged; functions that it calls are carried out by nobody here.
    private func askVersion(_ uri: ModelVersionURI) async throws {
        let stack = try Stack.bare(variation, lab: server.lab)
        let question = agent
        let limit = Quantity.duration(timeout) ?? .seconds(120)
        let answer = try await Session.open(stack, server, needs: Needs(llamaStack: true, mlflow: true)) { session in
            let agents = try await RunnableAgents.logged(uri, in: session, stack)
            return try await Interruption.cancelling {
                try await agents.runtime.withConversation(with: agents.definition) { conversation in
                    try await conversation.ask(question, timeout: limit) { Self.show($0) }
                }
            }
        }
        try conclude(answer, of: "\(uri)", in: stack)
    }

    /// Asks whoever answers there.
    private func askServed(at url: String) async throws {
        let stack = try Stack.bare(variation, lab: server.lab)
        let question = agent
        let limit = Quantity.duration(timeout) ?? .seconds(120)
        let place = try ServedPlace(url, environment: stack.environment)
        let answer = try await Interruption.cancelling {
            try await place.withAgent { agent in
                let unknown = AgentDefinition(name: "", model: "", instructions: "")
                return try await RemoteRuntime(agent).ask(unknown, question, timeout: limit) { Self.show($0) }
            }
        }
        try conclude(answer, of: url, in: stack)
    }

    private func conclude(_ answer: Answer, of agent: String, in stack: Stack) throws {
        Console.out("")
        if let reason = answer.fallback { stack.warn(.fellBack("`\(agent)`", because: reason)) }
        guard answer.pendingCalls.isEmpty else { throw Diagnostic.pending(agent, answer.pendingCalls) }
        guard answer.status == .completed, answer.hasMessage else {
            throw Diagnostic.noAnswer(agent, answer)
        }
    }

    private static func show(_ event: AgentEvent) {
        switch event {
        case .text(let text): Console.stream(text)
        case .toolStarted(let name): Console.note("→ \(name)")
        case .toolFinished(let call): if let error = call.error { Console.note("✗ \(call.name): \(error)") }
        case .delegated(let tool, let event): showDelegated(event, by: tool)
        case .finished: break
        }
    }

    /// An agent that is asked is told by its tools; what it says goes to who asked it.
    private static func showDelegated(_ event: AgentEvent, by tool: String) {
        switch event {
        case .toolStarted(let name): Console.note("→ \(tool) → \(name)")
        case .toolFinished(let call): if let error = call.error { Console.note("✗ \(tool) → \(call.name): \(error)") }
        case .delegated(let deeper, let event): showDelegated(event, by: "\(tool) → \(deeper)")
        case .text, .finished: break
        }
    }
}

extension RunnableAgents {
    /// What was logged as a version, and how it is run: without handlers, and with the tokens that it names.
    static func logged(
        _ uri: ModelVersionURI, in session: Session, _ stack: Stack
    ) async throws -> (definition: AgentDefinition, runtime: any AgentRuntime) {
        guard let llamaStack = session.servers.llamaStack, let mlflow = session.servers.mlflow else {
            preconditionFailure("Both servers were asked for.")
        }
        let definition = try await mlflow.definition(of: mlflow.agentVersion(uri))
        let tokens = Kinds.tokens(in: definition, environment: stack.environment)
        return (definition, AgentRuntimes(server: llamaStack, tokens: tokens))
    }
}

extension Diagnostic {
    fileprivate static func noAnswer(_ agent: String, _ answer: Answer) -> Diagnostic {
        Diagnostic(
            "no-answer", "The agent did not answer",
            detail: "`\(agent)` ended with the status `\(answer.status.rawValue)`"
                + (answer.error.map { ": \($0)" } ?? " and without a message."),
            fix: "Look at the server's log, or raise `maxSteps` if it ran out of steps.", exitCode: 1)
    }

    fileprivate static func pending(_ agent: String, _ calls: [Answer.ToolCall]) -> Diagnostic {
        let told = calls.map { "`\($0.name)` with \($0.arguments.canonicalJSON)" }.joined(separator: ", ")
        return Diagnostic(
            "pending-call", "The agent waits for a function",
            detail: "`\(agent)` calls \(told), and nobody carries it out.",
            fix: "Give the function an `http` or `exec` handler.", exitCode: 1)
    }
}
