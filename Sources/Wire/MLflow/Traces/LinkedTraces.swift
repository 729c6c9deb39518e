import Language

extension MLflowServer {
    /// The maximum number of traces in one request.
    private static let most = 100

    /// Shows written traces with one more run beside that which they were written for: `POST traces/link-to-run`.
    /// Traces that it shows already stay as they are: MLflow 3.5.1 refuses a request that names one of them.
    package func link(traces ids: [String], toRun run: String, inExperiment experiment: String) async throws {
        let known = try await traces(ofRun: run, inExperiment: experiment)
        let missing = ids.filter { !known.contains($0) }
        for start in stride(from: 0, to: missing.count, by: Self.most) {
            let some = missing[start..<min(start + Self.most, missing.count)]
            let body: Value = ["trace_ids": .array(some.map(Value.string)), "run_id": .string(run)]
            _ = try await endpoint.send(
                Self.post("link \(some.count) traces to the run", "traces/link-to-run", body, isRepeatable: false))
        }
    }

    /// The ids of the traces that a run shows: `POST /api/3.0/mlflow/traces/search` (3.5.1 and later).
    package func traces(ofRun run: String, inExperiment experiment: String) async throws -> Set<String> {
        let place: Value = [
            "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": ["experiment_id": .string(experiment)],
        ]
        let found = try await all(TracePage.self) { token in
            let body = Value.fields([
                "locations": [place], "filter": .string("attributes.run_id = '\(run)'"), "max_results": 500,
                "page_token": token.map(Value.string),
            ])
            return Call(
                "list the traces of the run", .post, "/api/3.0/mlflow/traces/search", body: .json(body),
                isRepeatable: true
            ).reading
        }
        return Set(found.map(\.id))
    }
}

private struct TracePage: MLflowPage {
    struct Trace: Decodable, Sendable, Identifiable {
        let id: String

        enum CodingKeys: String, CodingKey {
            case id = "trace_id"
        }
    }

    var elements: [Trace]?
    var nextPageToken: String?

    enum CodingKeys: String, CodingKey {
        case elements = "traces"
        case nextPageToken = "next_page_token"
    }
}
