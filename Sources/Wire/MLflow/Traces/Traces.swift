import FoundationEssentials
package import Language

/// How spans reach a server.
package enum MLflowTraceRoute: Sendable, Hashable {
    /// `POST /v1/traces` with the spans of many traces (tried on 3.17.2 and 3.18).
    case spans
    /// A file for each trace. MLflow 3.5.1 accepts spans, too, but then neither reads them nor keeps the duration.
    case files
}

extension MLflowServer {
    /// The maximum length of a preview, in Unicode scalars.
    private static let previewLength = 1000
    /// The maximum length of metadata and tag values that every database of a server stores.
    static let metadataLength = 250
    private static let tagLength = 4096

    /// The best route for spans: servers with `server-info` take many traces at once.
    package func traceRoute() async throws -> MLflowTraceRoute {
        try await info() == nil ? .files : .spans
    }

    /// Writes a trace without its spans, replacing an older version: `POST /api/3.0/mlflow/traces` (3.5.1 and later).
    /// - Returns: The folder for its files.
    func startTrace(_ trace: MLflowTrace) async throws -> String {
        let call = Call(
            "write the trace", .post, "/api/3.0/mlflow/traces", body: .json(["trace": ["trace_info": info(of: trace)]]),
            isRepeatable: true)
        return try await endpoint.decode(call, as: StartedTrace.self).artifactURI
    }

    /// The experiment of a trace that the server knows already; nil when it knows none: `GET
    /// /api/3.0/mlflow/traces/{id}` (3.5.1 and later).
    func experiment(of trace: MLflowTrace) async throws -> String? {
        let call = Call("look for the trace", .get, "/api/3.0/mlflow/traces/\(trace.traceID)")
        do {
            let info = try await endpoint.decode(call, as: FoundTrace.self).trace.trace_info
            return info.trace_location.mlflow_experiment.experiment_id
        } catch let error as WireError where error.status == 404 {
            return nil
        }
    }

    /// Writes the spans of a trace as a file, replacing an older one: `PUT mlflow-artifacts/artifacts/…/traces.json`.
    func putSpans(of trace: MLflowTrace, at uri: String) async throws {
        try await putArtifact(SpanFile.bytes(of: trace), named: SpanFile.name, in: MLflowArtifactFolder(uri: uri))
    }

    /// Writes the spans of at most 100 traces of one experiment and one run, replacing older ones: `POST /v1/traces`
    /// (3.17 and later; all or nothing). With more than 100 the server would silently link none to the run.
    ///
    /// - Parameter message: What `SpanMessage` makes of `count` traces.
    func exportSpans(_ message: [UInt8], of count: Int, experimentID: String, runID: String?) async throws {
        var headers = [(name: "x-mlflow-experiment-id", value: experimentID)]
        if let runID { headers.append(("x-mlflow-run-id", runID)) }
        _ = try await endpoint.send(
            Call(
                "write the spans of \(count) traces", .post, "/v1/traces",
                body: .bytes(message, contentType: "application/x-protobuf"), isRepeatable: true, headers: headers))
    }

    /// Links a written trace to the prompt versions that it used, so that it can be found by them: `POST
    /// traces/link-prompts` (3.17 and later; idempotent). A server without the route has the tag.
    func linkPrompts(of trace: MLflowTrace) async throws {
        let body: Value = ["trace_id": .string(trace.traceID), "prompt_versions": trace.promptLinks]
        do {
            let call = Self.post("link the trace to its prompts", "traces/link-prompts", body, isRepeatable: true)
            _ = try await endpoint.send(call)
        } catch let error as WireError where [404, 405].contains(error.status) && error.code == nil {}
    }

    private func info(of trace: MLflowTrace) -> Value {
        let (start, end) = (trace.spans.first?.start ?? 0, trace.spans.first?.end ?? 0)
        let written = timestamp(end)
        return .fields([
            "trace_id": .string(trace.traceID),
            "client_request_id": trace.requestID.map(Value.string),
            "trace_location": [
                "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": ["experiment_id": .string(trace.experimentID)],
            ],
            "request_preview": .string(Preview.cut(trace.request, to: Self.previewLength)),
            "response_preview": .string(Preview.cut(trace.response, to: Self.previewLength)),
            "request_time": .string(timestamp(start)),
            "execution_duration": .string(seconds(end - start)),
            "state": trace.spans.first?.error == nil ? "OK" : "ERROR",
            "trace_metadata": .object(metadata(of: trace).mapValues { cut($0, to: Self.metadataLength) }),
            "tags": .object(trace.allTags.mapValues { cut($0, to: Self.tagLength) }),
            "assessments": .array(trace.assessments.map { $0.json(of: trace, at: written) }),
        ])
    }

    private func metadata(of trace: MLflowTrace) -> [String: String] {
        var metadata = ["mlflow.trace_schema.version": "3", "mlflow.source.name": "drover"]
        metadata["mlflow.sourceRun"] = trace.runID
        metadata["mlflow.modelId"] = trace.modelID
        metadata["mlflow.trace.session"] = trace.session
        metadata["mlflow.trace.user"] = trace.user
        metadata["mlflow.trace.tokenUsage"] = trace.usage?.json.canonicalJSON
        return metadata
    }

    private func cut(_ text: String, to length: Int) -> Value {
        .string(Preview.cut(text, to: length))
    }

    /// `2026-01-01T12:00:00.000Z`.
    private func timestamp(_ nanoseconds: Int) -> String {
        let (seconds, rest) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000)
        let whole = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601).dropLast()
        return "\(whole).\(padded(rest / 1_000_000))Z"
    }

    /// `1.500s`, as protocol buffers write durations in JSON.
    private func seconds(_ nanoseconds: Int) -> String {
        "\(Duration.nanoseconds(max(0, nanoseconds)).seconds)s"
    }

    /// Three digits.
    private func padded(_ milliseconds: Int) -> String {
        let digits = String(milliseconds)
        return String(repeating: "0", count: 3 - digits.count) + digits
    }
}

extension MLflowTrace.Usage {
    /// The value of the attribute `mlflow.chat.tokenUsage`.
    package var json: Value {
        [
            "input_tokens": .integer(input), "output_tokens": .integer(output),
            "total_tokens": .integer(input + output),
        ]
    }
}

/// The response to `GET traces/{id}`: only the place of the trace is used.
private struct FoundTrace: Decodable, Sendable {
    struct Trace: Decodable {
        var trace_info: Info
    }

    struct Info: Decodable {
        var trace_location: Location
    }

    struct Location: Decodable {
        var mlflow_experiment: Experiment
    }

    struct Experiment: Decodable {
        var experiment_id: String
    }

    var trace: Trace
}

/// The response to `StartTraceV3`: only the place of the trace's files is used.
private struct StartedTrace: Decodable, Sendable {
    struct Trace: Decodable {
        var trace_info: Info
    }

    struct Info: Decodable {
        var tags: [String: String]?
    }

    var trace: Trace

    var artifactURI: String {
        trace.trace_info.tags?["mlflow.artifactLocation"] ?? ""
    }
}
