import Language

private struct RenewedModel: Decodable {
    var model: MLflowRegisteredModel

    enum CodingKeys: String, CodingKey {
        case model = "registered_model"
    }
}

extension MLflowServer {
    /// Changes the description, and with it the server's timestamp: `PATCH registered-models/update`.
    /// - Returns: The registered model as it is now.
    package func renewRegisteredModel(_ name: String, description: String) async throws -> MLflowRegisteredModel {
        let body: Value = ["name": .string(name), "description": .string(description)]
        let call = Call(
            "renew the lock", .patch, Self.path("registered-models/update"), body: .json(body), isRepeatable: true)
        return try await endpoint.decode(call, as: RenewedModel.self).model
    }

    /// The same server, asked without a check of the lease, and without what was listed before.
    package var ungated: MLflowServer {
        var endpoint = endpoint
        endpoint.admit = nil
        return MLflowServer(endpoint)
    }
}
