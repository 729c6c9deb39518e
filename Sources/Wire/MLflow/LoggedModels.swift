import Language

/// A logged model (3.x): a folder of artifacts with parameters and tags. Names are not unique, ids are.
package struct MLflowLoggedModel: Sendable, Hashable, Decodable, Identifiable {
    package enum Status: String, Sendable, Hashable {
        case pending = "LOGGED_MODEL_PENDING"
        case ready = "LOGGED_MODEL_READY"
        case failed = "LOGGED_MODEL_UPLOAD_FAILED"
        /// Any other value, or none.
        case unknown = ""
    }

    /// `m-` and 32 hex digits.
    package var id: String
    package var experimentID: String
    package var name: String
    package var status: Status
    /// Where its files are, `mlflow-artifacts:/…` when the server keeps them.
    package var artifactURI: String
    /// Empty when it has none.
    package var runID: String
    /// Milliseconds since 1970.
    package var created: Int
    package var tags: [String: String]
    package var params: [String: String]

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let info = try fields.nestedContainer(keyedBy: InfoKeys.self, forKey: .info)
        id = try info.decode(String.self, forKey: .id)
        experimentID = try info.text(.experimentID)
        name = try info.text(.name)
        status = Status(rawValue: try info.text(.status)) ?? .unknown
        artifactURI = try info.text(.artifactURI)
        runID = try info.text(.runID)
        created = try info.decodeIfPresent(Int.self, forKey: .created) ?? 0
        tags = try info.pairs(.tags)
        guard fields.contains(.data) else {
            params = [:]
            return
        }
        params = try fields.nestedContainer(keyedBy: DataKeys.self, forKey: .data).pairs(.params)
    }

    private enum CodingKeys: String, CodingKey {
        case info, data
    }

    private enum InfoKeys: String, CodingKey {
        case id = "model_id"
        case experimentID = "experiment_id"
        case name, status, tags
        case artifactURI = "artifact_uri"
        case runID = "source_run_id"
        case created = "creation_timestamp_ms"
    }

    private enum DataKeys: String, CodingKey {
        case params
    }
}

/// A logged model to be created.
package struct MLflowNewLoggedModel: Sendable, Hashable {
    package var experimentID: String
    /// Must not contain any of `/ : . % " '`.
    package var name: String
    /// `agent` for a ResponsesAgent.
    package var type: String
    package var runID: String
    package var params: [String: String]
    package var tags: [String: String]

    package init(
        experimentID: String, name: String, type: String, runID: String, params: [String: String],
        tags: [String: String]
    ) {
        self.experimentID = experimentID
        self.name = name
        self.type = type
        self.runID = runID
        self.params = params
        self.tags = tags
    }
}

private struct LoggedModelPage: MLflowPage {
    var elements: [MLflowLoggedModel]?
    var nextPageToken: String?

    enum CodingKeys: String, CodingKey {
        case elements = "models"
        case nextPageToken = "next_page_token"
    }
}

private struct LoggedModelAnswer: Decodable, Sendable {
    var model: MLflowLoggedModel
}

extension MLflowServer {
    /// The logged models of experiments, newest first: `POST logged-models/search` (3.x).
    package func loggedModels(
        inExperiments ids: [String], where filter: String? = nil
    ) async throws -> [MLflowLoggedModel] {
        try await all(LoggedModelPage.self) { token in
            let body = Value.fields([
                "experiment_ids": .array(ids.map(Value.string)), "max_results": 1000,
                "filter": filter.map(Value.string), "page_token": token.map(Value.string),
            ])
            return Self.post("list the logged models", "logged-models/search", body, isRepeatable: true).reading
        }
    }

    /// One logged model: `GET logged-models/{id}` (3.x).
    package func loggedModel(_ id: String) async throws -> MLflowLoggedModel {
        let call = Call("read the logged model", .get, Self.path("logged-models/\(PercentEncoding.segment(id))"))
        return try await endpoint.decode(call, as: LoggedModelAnswer.self).model
    }

    /// Creates a pending logged model: `POST logged-models` (3.x). Each request creates another one, so it is repeated
    /// only when the run has none with its name and tags.
    package func createLoggedModel(_ new: MLflowNewLoggedModel) async throws -> MLflowLoggedModel {
        let body: Value = [
            "experiment_id": .string(new.experimentID), "name": .string(new.name), "model_type": .string(new.type),
            "source_run_id": .string(new.runID), "params": .pairs(new.params), "tags": .pairs(new.tags),
        ]
        let call = Self.post("create the logged model", "logged-models", body, isRepeatable: false)
        return try await endpoint.create(call, as: LoggedModelAnswer.self) {
            let tag = new.tags.min { $0.key < $1.key }
            let listed = try await loggedModels(
                inExperiments: [new.experimentID], where: tag.flatMap { MLflowFilter.tag($0.key, $0.value) })
            return listed.first { $0.name == new.name && $0.runID == new.runID && $0.tags.hold(new.tags) }
                .map(LoggedModelAnswer.init)
        }.model
    }

    /// Marks a logged model as ready, with all its files: `PATCH logged-models/{id}` (3.x), whose body repeats the id.
    package func finalizeLoggedModel(_ id: String) async throws {
        let body: Value = [
            "model_id": .string(id), "status": .string(MLflowLoggedModel.Status.ready.rawValue),
        ]
        _ = try await endpoint.send(
            Call(
                "finalize the logged model", .patch, Self.path("logged-models/\(PercentEncoding.segment(id))"),
                body: .json(body), isRepeatable: true))
    }

    /// Sets tags of a logged model: `PATCH logged-models/{id}/tags` (3.x), whose body repeats the id.
    package func setLoggedModelTags(_ id: String, _ tags: [String: String]) async throws {
        let body: Value = ["model_id": .string(id), "tags": .pairs(tags)]
        _ = try await endpoint.send(
            Call(
                "set tags of the logged model", .patch, Self.path("logged-models/\(PercentEncoding.segment(id))/tags"),
                body: .json(body), isRepeatable: true))
    }

    /// Removes a tag of a logged model: `DELETE logged-models/{id}/tags/{key}` (3.x); a missing one is no error.
    package func deleteLoggedModelTag(_ id: String, _ key: String) async throws {
        let path = Self.path("logged-models/\(PercentEncoding.segment(id))/tags/\(PercentEncoding.segment(key))")
        try await sendRemoval(Call("remove a tag of the logged model", .delete, path))
    }

    /// Deletes a logged model: `DELETE logged-models/{id}` (3.x); a deleted one is no error.
    package func deleteLoggedModel(_ id: String) async throws {
        try await sendRemoval(
            Call("delete the logged model", .delete, Self.path("logged-models/\(PercentEncoding.segment(id))")))
    }
}
