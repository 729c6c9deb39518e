import Engine

extension Kind {
    static let experiments = Kind(
        Section(ExperimentResource.kind, ExperimentSpec.self, "MLflow experiments."), home: .mlflow,
        names: NameSpace("MLflow's experiments"),
        driver: { context in context.mlflow.map { ResourceDriver(ExperimentResource($0.server)) } })
}
