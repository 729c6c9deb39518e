package import Language

/// What is asked of an agent in one turn, whoever asks: a command, a case of a suite, a caller of a served agent.
///
/// A runtime hands on all of it or refuses it with a `Diagnostic`; nothing of it is dropped.
package struct AgentRequest: Sendable, Hashable {
    /// A function of the caller's own. Its calls are the caller's to carry out (`Answer.pendingCalls`).
    package struct Function: Sendable, Hashable {
        package var name: String
        package var definition: ToolDefinition.Function

        package init(name: String, definition: ToolDefinition.Function) {
            self.name = name
            self.definition = definition
        }
    }

    /// Input items in the shape of the Responses API, the last ones new: what was said before, and calls with their
    /// outputs.
    ///
    ///     {"role": "user", "content": "Do you ship abroad?"}
    package var items: [Value]
    /// Each field that is set replaces the definition's.
    package var sampling = AgentDefinition.Sampling()
    package var functions: [Function] = []
    /// The id of the conversation, as a served agent is told it; nil leaves it to the runtime.
    package var conversation: String?
    /// Who asks, as a served agent is told.
    package var user: String?
    /// How many bytes of a message are kept by a runtime that can do without the rest: the caller takes the text of a
    /// longer one from `AgentEvent.again`, and the answer has only its beginning. nil keeps all.
    package var keeping: Int?

    /// A plain question.
    package init(_ text: String) {
        items = [["role": "user", "content": .string(text)]]
    }

    package init(items: [Value]) {
        self.items = items
    }

    /// The question, when the request is a single text of the user's; nil otherwise.
    package var text: String? {
        items.count == 1 ? InputItems.question(items[0]) : nil
    }

    /// The sampling fields that are set, as a spec calls them.
    var tuning: [String] {
        let set = [
            ("sampling.temperature", sampling.temperature != nil), ("sampling.topP", sampling.topP != nil),
            ("sampling.maxTokens", sampling.maxTokens != nil), ("sampling.stop", sampling.stop != nil),
            ("sampling.seed", sampling.seed != nil),
        ]
        return set.filter(\.1).map(\.0)
    }

    /// Refuses sampling that would be ignored.
    /// - Throws: `Diagnostic` (`lacking`).
    func requireTuning(among heeded: Set<String>, of agent: AgentDefinition, _ runtime: String) throws(Diagnostic) {
        guard let field = tuning.first(where: { !heeded.contains($0) }) else { return }
        throw .notHandedOn("`\(field)` for one request", to: agent, runtime)
    }

    /// Refuses functions of the caller's own.
    /// - Throws: `Diagnostic` (`lacking`).
    func requireNoFunctions(of agent: AgentDefinition, _ runtime: String) throws(Diagnostic) {
        guard let function = functions.first else { return }
        throw .notHandedOn("the caller's function `\(function.name)`", to: agent, runtime)
    }
}

extension AgentRequest: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) {
        self.init(text)
    }
}

extension AgentDefinition {
    /// The agent as one request wants it: with its sampling, and with the caller's functions beside its own tools.
    ///
    /// - Throws: `Diagnostic` (`usage`) when a function has the name of a tool.
    func varied(by request: AgentRequest) throws(Diagnostic) -> AgentDefinition {
        var varied = self
        var names = Set(tools.map(\.name))
        for function in request.functions {
            guard names.insert(function.name).inserted else { throw .takenByTool(function.name, of: self) }
            varied.tools.append(ToolDefinition(name: function.name, function: function.definition))
        }
        guard !request.tuning.isEmpty else { return varied }
        let (own, asked) = (sampling ?? Sampling(), request.sampling)
        varied.sampling = Sampling(
            temperature: asked.temperature ?? own.temperature, topP: asked.topP ?? own.topP,
            maxTokens: asked.maxTokens ?? own.maxTokens, stop: asked.stop ?? own.stop, seed: asked.seed ?? own.seed)
        return varied
    }
}

extension Diagnostic {
    /// - Parameters:
    ///   - what: A part of a request, the subject's object: "`sampling.seed` for one request".
    ///   - runtime: The way that the agent is run: "requests to the Responses API".
    static func notHandedOn(_ what: String, to agent: AgentDefinition, _ runtime: String) -> Diagnostic {
        Diagnostic(
            "not-offered", "Something that the server does not offer",
            detail: "The agent `\(agent.name)` runs as \(runtime), to which \(what) cannot be handed on.",
            fix: "Ask without it.", address: agent.address, cause: .lacking)
    }

    fileprivate static func takenByTool(_ name: String, of agent: AgentDefinition) -> Diagnostic {
        Diagnostic(
            "name-taken", "The name is taken",
            detail: "The caller's function `\(name)` has the name of a tool of the agent `\(agent.name)`.",
            fix: "Give the function another name.", address: agent.address, cause: .usage)
    }
}
