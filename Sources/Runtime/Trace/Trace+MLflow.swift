import Language
package import Wire

extension Trace {
    /// The trace as MLflow keeps it, for an experiment.
    package func mlflow(inExperiment id: String) -> MLflowTrace {
        var spans: [MLflowSpan] = []
        append(root, below: parent?.span, to: &spans)
        var trace = MLflowTrace(
            id: parent?.trace ?? self.id, experimentID: id, name: name ?? root.name, spans: spans,
            request: request, response: response, usage: usage.map { MLflowTrace.Usage($0) })
        trace.own = parent == nil ? nil : self.id
        trace.session = session
        trace.user = user
        trace.requestID = requestID
        trace.runID = run
        trace.modelID = model
        trace.prompts = prompts.map { MLflowTrace.Prompt(name: $0.name, version: $0.version) }
        trace.tags = tags
        return trace
    }

    private func append(_ span: Span, below parent: UInt64?, to spans: inout [MLflowSpan]) {
        let id = id.spanID(at: spans.count)
        spans.append(
            MLflowSpan(
                id: id, parent: parent, name: span.name, start: span.start, end: span.end, error: span.error,
                attributes: span.mlflowAttributes))
        for child in span.children { append(child, below: id, to: &spans) }
    }
}

extension Span {
    fileprivate var mlflowAttributes: [String: Value] {
        var all = attributes
        all["mlflow.spanType"] = .string(kind.rawValue)
        all["mlflow.spanInputs"] = inputs
        all["mlflow.spanOutputs"] = outputs
        all["mlflow.llm.model"] = model.map(Value.string)
        all["mlflow.chat.tokenUsage"] = usage.map { MLflowTrace.Usage($0).json }
        switch kind {
        case .agent, .chatModel: all["mlflow.message.format"] = "openai"
        case .llm, .tool, .retriever: break
        }
        return all
    }
}

extension MLflowTrace.Usage {
    fileprivate init(_ usage: Answer.Usage) {
        self.init(input: usage.input, output: usage.output)
    }
}
