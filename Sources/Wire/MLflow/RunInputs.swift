import Language

/// A dataset that a run uses, as MLflow shows it with the run.
package struct MLflowRunDataset: Sendable, Hashable, Codable {
    package var name: String
    /// Differs when the content differs; at most 36 characters.
    package var digest: String
    /// Where it comes from, such as a file of the spec.
    package var place: String
    /// The number of rows.
    package var rows: Int

    package init(name: String, digest: String, place: String, rows: Int) {
        self.name = name
        self.digest = digest
        self.place = place
        self.rows = rows
    }

    fileprivate var json: Value {
        [
            "name": .string(name), "digest": .string(digest), "source_type": "local",
            "source": .string(Value.object(["uri": .string(place)]).canonicalJSON),
            "schema": .string(Self.schema.canonicalJSON),
            "profile": .string(Value.object(["num_rows": .integer(rows)]).canonicalJSON),
        ]
    }

    private static let schema: Value = ["mlflow_colspec": [["type": "string", "name": "inputs"]]]
}

extension MLflowServer {
    /// Records what a run evaluates: a dataset, and a logged model unless nil: `POST runs/log-inputs`. Idempotent.
    package func logInputs(toRun id: String, dataset: MLflowRunDataset, modelID: String?) async throws {
        let context: Value = [["key": "mlflow.data.context", "value": "eval"]]
        let body = Value.fields([
            "run_id": .string(id), "datasets": [["dataset": dataset.json, "tags": context]],
            "models": modelID.map { [["model_id": .string($0)]] },
        ])
        _ = try await endpoint.send(
            Self.post("say what the run evaluates", "runs/log-inputs", body, isRepeatable: true))
    }
}
