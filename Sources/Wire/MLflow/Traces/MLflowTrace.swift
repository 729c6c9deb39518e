package import Language

/// A trace as MLflow stores it: the tree of spans of one request to an agent, and its links to other objects.
package struct MLflowTrace: Sendable, Hashable, Codable {
    /// The tag with the `traceparent` of a request whose trace is another one.
    package static let originTag = "drover.traceparent"

    /// A version of a prompt that was used.
    package struct Prompt: Sendable, Hashable, Codable {
        package var name: String
        package var version: Int

        package init(name: String, version: Int) {
            self.name = name
            self.version = version
        }
    }

    package struct Usage: Sendable, Hashable, Codable {
        package var input: Int
        package var output: Int

        package init(input: Int, output: Int) {
            self.input = input
            self.output = output
        }
    }

    package var id: TraceID
    /// The id that it has as a trace of its own, where somebody else began it; see `apart`.
    package var own: TraceID?
    /// Empty where it is awaited.
    package var experimentID: String
    /// What tells the experiment once MLflow answers; nil where its id is known.
    package var awaited: AwaitedExperiment?
    /// Its name in the list of traces.
    package var name: String
    /// The root first; every other span after its parent. Where the root has a parent, that is a span of somebody else
    /// who began the trace.
    package var spans: [MLflowSpan]
    /// The request and the response as shown in the list of traces; truncated when they are written.
    package var request: String
    package var response: String
    /// Of the whole trace; nil when the model server does not report it.
    package var usage: Usage?
    /// Requests of one conversation share it.
    package var session: String?
    package var user: String?
    /// The run that it belongs to.
    package var runID: String?
    /// The logged model that answered, `m-…`.
    package var modelID: String?
    /// The client's name for the request.
    package var requestID: String?
    package var prompts: [Prompt] = []
    /// Whether the trace is to be found by its prompts, which takes a request of its own; a tag names them anyway.
    package var linksPrompts = true
    package var tags: [String: String] = [:]
    package var assessments: [MLflowAssessment] = []

    package init(
        id: TraceID, experimentID: String, name: String, spans: [MLflowSpan], request: String = "",
        response: String = "", usage: Usage? = nil
    ) {
        self.id = id
        self.experimentID = experimentID
        self.name = name
        self.spans = spans
        self.request = request
        self.response = response
        self.usage = usage
    }

    /// Whether somebody else began the trace.
    var isJoined: Bool {
        spans.first?.parent != nil
    }

    /// The same as a trace of its own, which names the other one.
    var apart: MLflowTrace {
        var apart = self
        guard let own, let parent = spans.first?.parent else { return self }
        (apart.id, apart.own, apart.spans[0].parent) = (own, nil, nil)
        apart.tags[Self.originTag] = TraceParent(trace: id, span: parent).header
        return apart
    }

    /// `tr-` and 32 hexadecimal digits.
    package var traceID: String {
        "tr-\(id.hexadecimal)"
    }

    /// The tags, including those that MLflow itself reads.
    var allTags: [String: String] {
        var all = tags
        all["mlflow.traceName"] = name
        guard !prompts.isEmpty else { return all }
        all["mlflow.linkedPrompts"] = promptLinks.canonicalJSON
        return all
    }

    /// The versions of its prompts in MLflow's format.
    package var promptLinks: Value {
        .array(prompts.map { ["name": .string($0.name), "version": .string(String($0.version))] })
    }

    /// Whether it has information that spans cannot carry.
    var needsInfo: Bool {
        isJoined || modelID != nil || requestID != nil || !assessments.isEmpty
    }
}

/// One step of a trace.
package struct MLflowSpan: Sendable, Hashable, Codable {
    package var id: UInt64
    /// nil for the root.
    package var parent: UInt64?
    package var name: String
    /// Nanoseconds since 1970.
    package var start: Int
    package var end: Int
    /// Why it failed; nil when it did not.
    package var error: String?
    /// `mlflow.spanType`, `mlflow.spanInputs`, …; each is sent as JSON text, as MLflow's own client does.
    package var attributes: [String: Value]

    package init(
        id: UInt64, parent: UInt64?, name: String, start: Int, end: Int, error: String? = nil,
        attributes: [String: Value] = [:]
    ) {
        self.id = id
        self.parent = parent
        self.name = name
        self.start = start
        self.end = end
        self.error = error
        self.attributes = attributes
    }
}
