import Language
import Wire

/// A call of a tool that whoever runs the agent carries out, as the model asked for it.
struct FunctionCall: Sendable, Hashable {
    /// What the result is sent back under.
    var id: String
    var name: String
    /// As the model wrote them; they may be no JSON.
    var arguments: String

    /// The call as an answer tells it: an object where the arguments are JSON.
    var told: Answer.ToolCall {
        Answer.ToolCall(name: name, tool: name, arguments: FunctionCall.parsed(arguments) ?? .string(arguments))
    }

    /// nil for what is no JSON, or cannot be read whole; nothing at all counts as no arguments.
    static func parsed(_ text: String) -> Value? {
        if text.isEmpty { return [:] }
        do {
            return try Value(wholeJSON: text.utf8)
        } catch {
            return nil  // A model may write what is not JSON: then it is text.
        }
    }
}

/// The tools that whoever runs an agent carries out: functions that have a handler, and agents that are asked.
struct LocalTools: Sendable {
    /// Asks another agent one question.
    typealias Ask =
        @Sendable (
            _ agent: AgentDefinition, _ question: String, _ timeout: Duration,
            _ onEvent: @Sendable (AgentEvent) async -> Void
        ) async throws -> Answer

    /// A call that was carried out, and what it cost.
    struct Result: Sendable {
        var id: String
        var call: Answer.ToolCall
        /// What an agent that was asked used; nil when it was none.
        var answer: Answer?

        /// What the model is told.
        var output: String {
            call.error.map { "Error: \($0)" } ?? call.result ?? ""
        }
    }

    /// By the declared name of the function.
    var handlers: [String: any FunctionHandler] = [:]
    /// nil where no other agent can be asked.
    var ask: Ask?

    /// The same, for a turn in which a caller has functions of its own: they are never carried out here.
    func leaving(_ functions: [AgentRequest.Function]) -> LocalTools {
        var left = self
        for function in functions { left.handlers[function.name] = nil }
        return left
    }

    /// Whether a call can be carried out here; otherwise it is the caller's.
    func canCarryOut(_ call: FunctionCall, of agent: AgentDefinition) -> Bool {
        guard let tool = agent.tools.first(where: { $0.name == call.name && $0.offered != nil }) else {
            // A tool that the agent does not have: the model is told so.
            return true
        }
        return tool.function == nil ? ask != nil : handlers[call.name] != nil
    }

    /// Carries out calls one after the other: `toolStarted`, what an asked agent tells, `toolFinished`. Whatever goes
    /// wrong in a call is its result.
    ///
    /// - Parameter timeout: for the answer of an agent that is asked; functions have their own.
    func carryOut(
        _ calls: [FunctionCall], of agent: AgentDefinition, timeout: Duration,
        onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> [Result] {
        var results: [Result] = []
        for call in calls {
            try Task.checkCancellation()
            await onEvent(.toolStarted(name: call.name))
            let result = try await carryOut(call, of: agent, timeout, onEvent)
            await onEvent(.toolFinished(result.call))
            results.append(result)
        }
        return results
    }

    private func carryOut(
        _ call: FunctionCall, of agent: AgentDefinition, _ timeout: Duration,
        _ onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Result {
        var result = Result(id: call.id, call: call.told)
        do {
            guard let tool = agent.tools.first(where: { $0.name == call.name }), let offered = tool.offered else {
                throw FunctionFailure("There is no tool `\(call.name)`.")
            }
            let arguments = try await Self.checked(call, offered)
            if let asked = tool.agent {
                let answer = try await self.answer(of: asked, to: arguments, as: call.name, timeout, onEvent)
                result.answer = answer
                result.call.result = try Self.text(of: answer)
            } else if let handler = handlers[call.name] {
                result.call.result = try await handler.call(arguments)
            }
        } catch let failure as FunctionFailure {
            result.call.error = failure.message
        }
        return result
    }

    private static func checked(
        _ call: FunctionCall, _ function: ToolDefinition.Function
    ) async throws -> Value {
        guard let arguments = FunctionCall.parsed(call.arguments), arguments.object != nil else {
            throw FunctionFailure(Self.reason(againstArguments: call.arguments))
        }
        let check = SchemaCheck(function.parameters)
        let problems =
            check.mayTakeLong ? await offLoop { check.problems(in: arguments) } : check.problems(in: arguments)
        guard problems.isEmpty else { throw FunctionFailure(problems.joined(separator: " ")) }
        return arguments
    }

    private static func reason(againstArguments text: String) -> String {
        "The arguments are not a JSON object." + (Value.problem(inJSON: text.utf8).map { " " + $0 } ?? "")
    }

    private func answer(
        of agent: AgentDefinition, to arguments: Value, as tool: String, _ timeout: Duration,
        _ onEvent: @Sendable (AgentEvent) async -> Void
    ) async throws -> Answer {
        guard let ask else { throw FunctionFailure("No other agent can be asked here.") }
        do {
            return try await ask(agent, arguments[ToolDefinition.question]?.string ?? "", timeout) { event in
                await onEvent(.delegated(tool: tool, event))
            }
        } catch let diagnostic as Diagnostic {
            throw FunctionFailure(diagnostic.detail)
        }
    }

    private static func text(of answer: Answer) throws(FunctionFailure) -> String {
        guard answer.status != .failed, answer.hasMessage else {
            throw FunctionFailure(answer.error ?? "The agent gave no answer.")
        }
        return answer.text
    }
}
