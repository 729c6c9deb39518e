package import Language
package import Wire

/// What happened while an agent was asked: the tree of its steps, with what links it to other things.
package struct Trace: Sendable, Hashable {
    package var id: TraceID
    /// The span of the caller that began the trace; nil when it was begun here. Its trace id is used.
    package var parent: TraceParent?
    /// The agent, or whatever held the conversation.
    package var root: Span
    /// What was asked and what was answered, as text.
    package var request: String
    package var response: String
    /// What lists of traces call it; nil for the name of its root.
    package var name: String?
    /// Traces of one conversation share it.
    package var session: String?
    package var user: String?
    /// What the client calls the request.
    package var requestID: String?
    /// The run that it belongs to.
    package var run: String?
    /// The logged model that answered.
    package var model: String?
    /// The versions of prompts that were used.
    package var prompts: [Prompt] = []
    package var tags: [String: String] = [:]

    /// A version of a prompt in MLflow's registry.
    package struct Prompt: Sendable, Hashable {
        package var name: String
        package var version: Int

        package init(name: String, version: Int) {
            self.name = name
            self.version = version
        }
    }

    package init(id: TraceID, root: Span, request: String, response: String) {
        self.id = id
        self.root = root
        self.request = request
        self.response = response
    }

    /// The tokens of all steps; nil when nothing is known of any.
    package var usage: Answer.Usage? {
        root.totalUsage
    }
}

/// One step of a trace, with the steps inside it.
package struct Span: Sendable, Hashable {
    /// What a step does, as MLflow calls it.
    package enum Kind: String, Sendable, Hashable {
        case agent = "AGENT"
        /// A call of a model with messages.
        case chatModel = "CHAT_MODEL"
        /// A call of a model with text.
        case llm = "LLM"
        case tool = "TOOL"
        case retriever = "RETRIEVER"
    }

    package var name: String
    package var kind: Kind
    /// Nanoseconds since 1970.
    package var start: Int
    package var end: Int
    package var inputs: Value?
    package var outputs: Value?
    /// The tokens of the step and of all inside it; nil when it is not told.
    package var usage: Answer.Usage?
    /// The id of the model that a step of a model called.
    package var model: String?
    /// Why it failed; nil when it did not.
    package var error: String?
    /// Further attributes of the step.
    package var attributes: [String: Value] = [:]
    /// In the order in which they began.
    package var children: [Span] = []

    package init(
        _ name: String, _ kind: Kind, start: Int, end: Int? = nil, inputs: Value? = nil, outputs: Value? = nil
    ) {
        self.name = name
        self.kind = kind
        self.start = start
        self.end = end ?? start
        self.inputs = inputs
        self.outputs = outputs
    }

    /// The tokens of the topmost steps that tell theirs, as MLflow counts; nil when none does.
    package var totalUsage: Answer.Usage? {
        usage
            ?? children.compactMap(\.totalUsage).reduce(nil) { sum, usage in
                Answer.Usage(input: (sum?.input ?? 0) + usage.input, output: (sum?.output ?? 0) + usage.output)
            }
    }
}
