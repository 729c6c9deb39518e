import Language

/// A named assessment of a trace.
package struct MLflowAssessment: Sendable, Hashable, Codable {
    package enum Source: Sendable, Hashable, Codable {
        case code(String)
        case judge(String)
    }

    /// MLflow's feedback: a value or an error. MLflow's UI takes booleans for pass and fail; numbers belong into
    /// metrics.
    package enum Feedback: Sendable, Hashable, Codable {
        case value(Bool)
        /// There is no value; the code is a word such as `UNOBSERVABLE`.
        case error(code: String, message: String)
    }

    package var name: String
    package var source: Source
    package var feedback: Feedback
    /// The reason, for readers; nil for none.
    package var rationale: String?
    /// More about it, such as how many votes there were.
    package var metadata: [String: String]

    package init(
        _ name: String, from source: Source, feedback: Feedback, rationale: String? = nil,
        metadata: [String: String] = [:]
    ) {
        self.metadata = metadata
        self.name = name
        self.source = source
        self.feedback = feedback
        self.rationale = rationale
    }
}

extension MLflowAssessment {
    /// In the form of `StartTraceV3` (3.5.1 and later). The id is derived from trace, name and kind of source, so that
    /// sending it again creates no second one.
    func json(of trace: MLflowTrace, at time: String) -> Value {
        let judged = if case .judge = source { "\0judge" } else { "" }
        let id = sha256Hex(Array("\(trace.id.hexadecimal)\0\(name)\(judged)".utf8)).prefix(32)
        var metadata = metadata
        metadata["mlflow.assessment.sourceRunId"] = trace.runID
        return .fields([
            "assessment_id": .string("a-\(id)"), "assessment_name": .string(name), "trace_id": .string(trace.traceID),
            "source": source.json, "feedback": feedback.json, "rationale": rationale.map(Value.string),
            "create_time": .string(time), "last_update_time": .string(time), "valid": true,
            "metadata": metadata.isEmpty ? nil : .object(metadata.mapValues { .string($0) }),
        ])
    }
}

extension MLflowAssessment.Source {
    fileprivate var json: Value {
        switch self {
        case .code(let id): ["source_type": "CODE", "source_id": .string(id)]
        case .judge(let id): ["source_type": "LLM_JUDGE", "source_id": .string(id)]
        }
    }
}

extension MLflowAssessment.Feedback {
    fileprivate var json: Value {
        switch self {
        case .value(let value): ["value": .bool(value)]
        case .error(let code, let message):
            ["error": ["error_code": .string(code), "error_message": .string(message)]]
        }
    }
}
