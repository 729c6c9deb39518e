import Language

/// An experiment: a unique name, an id assigned by the server, tags.
package struct MLflowExperiment: Sendable, Hashable, Decodable, Identifiable {
    /// The tag that MLflow's UI shows as the description.
    package static let descriptionTag = "mlflow.note.content"

    package var id: String
    package var name: String
    /// Where runs put their artifacts; it cannot be changed.
    package var artifactLocation: String
    /// A deleted experiment keeps its name, and takes no tags until it is restored.
    package var isDeleted: Bool
    package var tags: [String: String]
    /// Milliseconds since 1970; nil where the server does not say.
    package var created: Int?
    /// When it was changed last, of a deleted one when it was deleted: milliseconds since 1970; nil where the server does
    /// not say.
    package var updated: Int?
    /// nil where the server has no workspaces, or does not say.
    package var workspace: String?

    package init(id: String, name: String, artifactLocation: String, tags: [String: String]) {
        self.id = id
        self.name = name
        self.artifactLocation = artifactLocation
        self.isDeleted = false
        self.tags = tags
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        id = try fields.decode(String.self, forKey: .id)
        name = try fields.text(.name)
        artifactLocation = try fields.text(.artifactLocation)
        isDeleted = try fields.text(.lifecycleStage) == "deleted"
        tags = try fields.pairs(.tags)
        created = try fields.decodeIfPresent(Int.self, forKey: .created)
        updated = try fields.decodeIfPresent(Int.self, forKey: .updated)
        workspace = try fields.decodeIfPresent(String.self, forKey: .workspace)
    }

    private enum CodingKeys: String, CodingKey {
        case id = "experiment_id"
        case name, tags, workspace
        case created = "creation_time"
        case updated = "last_update_time"
        case artifactLocation = "artifact_location"
        case lifecycleStage = "lifecycle_stage"
    }
}

private struct ExperimentPage: MLflowPage {
    var elements: [MLflowExperiment]?
    var nextPageToken: String?

    enum CodingKeys: String, CodingKey {
        case elements = "experiments"
        case nextPageToken = "next_page_token"
    }
}

private struct CreatedExperiment: Decodable, Sendable {
    var id: String

    enum CodingKeys: String, CodingKey {
        case id = "experiment_id"
    }
}

extension MLflowServer {
    /// All experiments, including deleted ones: `POST experiments/search`, at most 50,000 a page. The filter is an
    /// expression of `MLflowFilter`; nil for all.
    package func experiments(where filter: String? = nil) async throws -> [MLflowExperiment] {
        try await all(ExperimentPage.self) { token in
            let body = Value.fields([
                "max_results": 5000, "view_type": "ALL", "filter": filter.map(Value.string),
                "page_token": token.map(Value.string),
            ])
            return Self.post("list the experiments", "experiments/search", body, isRepeatable: true).reading
        }
    }

    /// Creates an experiment and returns its id: `POST experiments/create`.
    ///
    /// It is repeated when the response is lost; a taken name may then be the result of the first request.
    /// - Throws: `WireError`; `isAlreadyThere` when the name is taken, also by a deleted experiment.
    package func createExperiment(
        _ name: String, artifactLocation: String? = nil, tags: [String: String] = [:]
    ) async throws -> String {
        let body = Value.fields([
            "name": .string(name), "artifact_location": artifactLocation.map(Value.string), "tags": .pairs(tags),
        ])
        let call = Self.post("create the experiment", "experiments/create", body, isRepeatable: true)
        return try await endpoint.decode(call, as: CreatedExperiment.self).id
    }

    /// Makes a deleted experiment active again: `POST experiments/restore`, which answers 404 for an active one.
    package func restoreExperiment(_ id: String) async throws {
        let body: Value = ["experiment_id": .string(id)]
        do {
            let call = Self.post("restore the experiment", "experiments/restore", body, isRepeatable: true)
            _ = try await endpoint.send(call)
        } catch let error as WireError where error.isMissing && error.attempts > 1 {}  // The first request succeeded.
    }

    /// Renames an experiment: `POST experiments/update`.
    package func renameExperiment(_ id: String, to name: String) async throws {
        let body: Value = ["experiment_id": .string(id), "new_name": .string(name)]
        _ = try await endpoint.send(
            Self.post("rename the experiment", "experiments/update", body, isRepeatable: true))
    }

    /// Sets a tag of an active experiment: `POST experiments/set-experiment-tag`.
    package func setExperimentTag(_ id: String, _ key: String, to value: String) async throws {
        let body: Value = ["experiment_id": .string(id), "key": .string(key), "value": .string(value)]
        _ = try await endpoint.send(
            Self.post("set a tag of the experiment", "experiments/set-experiment-tag", body, isRepeatable: true))
    }

    /// Removes a tag: `POST experiments/delete-experiment-tag`; a missing one is no error.
    package func deleteExperimentTag(_ id: String, _ key: String) async throws {
        let body: Value = ["experiment_id": .string(id), "key": .string(key)]
        try await sendRemoval(
            Self.post("remove a tag of the experiment", "experiments/delete-experiment-tag", body, isRepeatable: true))
    }

    /// Deletes an experiment, which can be restored: `POST experiments/delete`; a deleted one is no error.
    package func deleteExperiment(_ id: String) async throws {
        let body: Value = ["experiment_id": .string(id)]
        try await sendRemoval(
            Self.post("delete the experiment", "experiments/delete", body, isRepeatable: true))
    }
}
