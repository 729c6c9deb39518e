import Engine

extension Kind {
    static let datasets = Kind(
        Section(DatasetResource.kind, DatasetSpec.self, "Evaluation datasets of MLflow."), home: .mlflow,
        driver: { context in
            context.mlflow.map { ResourceDriver(DatasetResource($0.server, folder: context.servers.folder)) }
        })
}
