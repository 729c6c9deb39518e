import Language

/// A version of a registered model.
package struct MLflowModelVersion: Sendable, Hashable, Decodable, Identifiable {
    package enum Status: String, Sendable, Hashable {
        case ready = "READY"
        case pending = "PENDING_REGISTRATION"
        case failed = "FAILED_REGISTRATION"
        /// Any other value, or none.
        case unknown = ""
    }

    /// Of the registered model.
    package var name: String
    /// A whole number, as text.
    package var version: String
    package var description: String
    /// `models:/m-…`, or another source that the version was registered from.
    package var source: String
    /// Empty when it has none.
    package var runID: String
    package var status: Status
    package var tags: [String: String]
    package var aliases: [String]
    /// Milliseconds since 1970, by the server's clock.
    package var created: Int

    /// Its number; 0 for a text that is not a number.
    fileprivate var number: Int { Int(version) ?? 0 }

    /// Its registered model and number; a name contains no slash.
    package var id: String { "\(name)/\(version)" }

    /// The logged model that is its source; nil when the source is something else.
    package var modelID: String? {
        source.hasPrefix("models:/m-") ? String(source.dropFirst("models:/".count)) : nil
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        name = try fields.decode(String.self, forKey: .name)
        version = try fields.decode(String.self, forKey: .version)
        description = try fields.text(.description)
        source = try fields.text(.source)
        runID = try fields.text(.runID)
        status = Status(rawValue: try fields.text(.status)) ?? .unknown
        tags = try fields.pairs(.tags)
        aliases = try fields.decodeIfPresent([String].self, forKey: .aliases) ?? []
        created = try fields.decodeIfPresent(Int.self, forKey: .created) ?? 0
    }

    private enum CodingKeys: String, CodingKey {
        case name, version, description, source, status, tags, aliases
        case runID = "run_id"
        case created = "creation_timestamp"
    }
}

/// A version to be created from a logged model.
package struct MLflowNewVersion: Sendable, Hashable {
    package var name: String
    package var modelID: String
    package var runID: String
    package var description: String
    package var tags: [String: String]

    package init(name: String, modelID: String, runID: String, description: String, tags: [String: String]) {
        self.name = name
        self.modelID = modelID
        self.runID = runID
        self.description = description
        self.tags = tags
    }
}

private struct ModelVersionPage: MLflowPage {
    var elements: [MLflowModelVersion]?
    var nextPageToken: String?

    enum CodingKeys: String, CodingKey {
        case elements = "model_versions"
        case nextPageToken = "next_page_token"
    }
}

/// The answer of `POST model-versions/create`.
struct CreatedVersion: Decodable, Sendable {
    var modelVersion: MLflowModelVersion

    enum CodingKeys: String, CodingKey {
        case modelVersion = "model_version"
    }
}

extension MLflowServer {
    /// All model versions that match a filter, by the name of their model, newest first within each:
    /// `GET model-versions/search`. The filter is an expression of `MLflowFilter`; nil for all, including those of
    /// prompts.
    ///
    /// They are asked for in an order that no change moves: without one, servers list the last updated first, so that
    /// one that is updated between two pages is on neither.
    package func modelVersions(where filter: String? = nil) async throws -> [MLflowModelVersion] {
        let listed = try await all(ModelVersionPage.self) { token in
            var query = [(name: "max_results", value: "1000")]
            query += ["name ASC", "version_number ASC"].map { ("order_by", $0) }
            if let filter { query.append(("filter", filter)) }
            if let token { query.append(("page_token", token)) }
            return Call("list the model versions", .get, Self.path("model-versions/search"), query: query)
        }
        return listed.sorted { ($0.name, $1.number) < ($1.name, $0.number) }
    }

    /// Registers a logged model as the next version: `POST model-versions/create`.
    ///
    /// Each request creates another version, so it is repeated only when the logged model is the source of none.
    package func createModelVersion(_ new: MLflowNewVersion) async throws -> MLflowModelVersion {
        let body: Value = [
            "name": .string(new.name), "source": .string("models:/\(new.modelID)"), "model_id": .string(new.modelID),
            "run_id": .string(new.runID), "description": .string(new.description), "tags": .pairs(new.tags),
        ]
        let call = Self.post("register the model version", "model-versions/create", body, isRepeatable: false)
        return try await endpoint.create(call, as: CreatedVersion.self) {
            let listed = try await modelVersions(where: MLflowFilter.name(new.name))
            return listed.first { $0.name == new.name && $0.modelID == new.modelID }.map(CreatedVersion.init)
        }.modelVersion
    }

    /// Changes the description: `PATCH model-versions/update`.
    package func updateModelVersion(_ name: String, version: String, description: String) async throws {
        let body: Value = [
            "name": .string(name), "version": .string(version), "description": .string(description),
        ]
        _ = try await endpoint.send(
            Call(
                "update the model version", .patch, Self.path("model-versions/update"), body: .json(body),
                isRepeatable: true))
    }

    /// Sets a tag of a version: `POST model-versions/set-tag`.
    package func setModelVersionTag(
        _ name: String, version: String, _ key: String, to value: String
    ) async throws {
        let body: Value = [
            "name": .string(name), "version": .string(version), "key": .string(key), "value": .string(value),
        ]
        _ = try await endpoint.send(
            Self.post("set a tag of the model version", "model-versions/set-tag", body, isRepeatable: true))
    }

    /// Removes a tag of a version: `DELETE model-versions/delete-tag`; a missing one is no error.
    package func deleteModelVersionTag(_ name: String, version: String, _ key: String) async throws {
        let body: Value = ["name": .string(name), "version": .string(version), "key": .string(key)]
        try await sendRemoval(
            Call(
                "remove a tag of the model version", .delete, Self.path("model-versions/delete-tag"),
                body: .json(body)))
    }

    /// Deletes a version; its logged model stays: `DELETE model-versions/delete`; a missing one is no error.
    package func deleteModelVersion(_ name: String, version: String) async throws {
        let body: Value = ["name": .string(name), "version": .string(version)]
        try await sendRemoval(
            Call("delete the model version", .delete, Self.path("model-versions/delete"), body: .json(body)))
    }
}
