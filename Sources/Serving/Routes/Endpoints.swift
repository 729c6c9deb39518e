import Language

/// `GET /api/2.0/endpoints/` and `/api/2.0/endpoints/NAME`: what is served, as MLflow's `deployments` client lists the endpoints
/// of an AI gateway (MLflow 3.17.2, `mlflow.deployments.server.config.Endpoint`).
///
///     {"endpoints": [{"name": "support", "endpoint_type": "agent/v1/responses", "limit": null,
///                     "endpoint_url": "/endpoints/support/invocations",
///                     "model": {"name": "models:/helpdesk-support/3", "provider": "drover"}}],
///      "next_page_token": null}
enum EndpointsRoute {
    static func list(_ agents: [PublishedAgent]) -> Reply {
        .json(["endpoints": .array(agents.map(told)), "next_page_token": .null])
    }

    static func one(_ agent: PublishedAgent) -> Reply {
        .json(told(agent))
    }

    private static func told(_ agent: PublishedAgent) -> Value {
        [
            "name": .string(agent.name), "endpoint_type": "agent/v1/responses", "limit": .null,
            "endpoint_url": .string("/endpoints/\(agent.name)/invocations"),
            "model": ["name": .string(agent.version ?? agent.name), "provider": "drover"],
        ]
    }
}
