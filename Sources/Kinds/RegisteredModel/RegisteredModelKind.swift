import Engine

extension Kind {
    static let registeredModels = Kind(
        Section(RegisteredModelResource.kind, RegisteredModelSpec.self, "MLflow registered models."), home: .mlflow,
        names: .registry,
        driver: { context in
            context.mlflow.map { ResourceDriver(RegisteredModelResource($0.server, registry: $0.registry)) }
        })
}

extension NameSpace {
    /// MLflow's registry.
    static let registry = NameSpace("MLflow's prompts and registered models")
}
