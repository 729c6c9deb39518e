import Engine

extension Kind {
    static let prompts = Kind(
        Section(PromptResource.kind, PromptSpec.self, "Prompts of MLflow's registry."), home: .mlflow,
        names: .registry,
        driver: { context in
            context.mlflow.map {
                ResourceDriver(PromptResource($0.server, registry: $0.registry, folder: context.servers.folder))
            }
        })
}
