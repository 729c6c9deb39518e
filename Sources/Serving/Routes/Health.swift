import Language

/// `GET /ping` and `GET /health`: this server is alive. Each answers as that server of MLflow's does which has it.
enum HealthRoute {
    static var ping: Reply {
        .text("\n", "application/json")
    }

    static var health: Reply {
        .json(["status": "healthy"])
    }
}
