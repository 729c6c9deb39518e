import Language

/// A dataset that a run works on, as MLflow shows it beside the run.
package struct MLflowRunDataset: Sendable, Hashable {
    package var name: String
    /// Another content, another digest; at most 36 characters.
    package var digest: String
    /// Where it stands, such as a file of the spec.
    package var place: String
    /// How many rows it has.
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
    /// Says what a run evaluates: a dataset, and a logged model unless nil: `POST runs/log-inputs`. The same again
    /// changes nothing.
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
