import Language

/// A registered model: a unique name with numbered versions. Prompts live in the same name space.
package struct MLflowRegisteredModel: Sendable, Hashable, Decodable, Identifiable {
    /// The tag, `true`, of a registered model that is a prompt.
    package static let promptTag = "mlflow.prompt.is_prompt"

    package var name: String
    package var description: String
    package var tags: [String: String]
    /// The number of the version that each alias points at.
    package var aliases: [String: String]
    /// Milliseconds since 1970, by the server's clock; a change of the description updates it, a change of a tag does
    /// not.
    package var lastUpdated: Int
    /// Milliseconds since 1970, by the server's clock; nil when the server did not say.
    package var created: Int?

    package var id: String { name }

    package init(name: String, description: String, tags: [String: String]) {
        self.name = name
        self.description = description
        self.tags = tags
        self.aliases = [:]
        self.lastUpdated = 0
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        name = try fields.decode(String.self, forKey: .name)
        description = try fields.text(.description)
        tags = try fields.pairs(.tags)
        let aliases = try fields.decodeIfPresent([Alias].self, forKey: .aliases) ?? []
        self.aliases = Dictionary(aliases.map { ($0.alias, $0.version) }) { _, last in last }
        lastUpdated = try fields.decodeIfPresent(Int.self, forKey: .lastUpdated) ?? 0
        created = try fields.decodeIfPresent(Int.self, forKey: .created)
    }

    private struct Alias: Decodable {
        var alias: String
        var version: String
    }

    private enum CodingKeys: String, CodingKey {
        case name, description, tags, aliases
        case lastUpdated = "last_updated_timestamp"
        case created = "creation_timestamp"
    }
}

private struct RegisteredModelPage: MLflowPage {
    var elements: [MLflowRegisteredModel]?
    var nextPageToken: String?

    enum CodingKeys: String, CodingKey {
        case elements = "registered_models"
        case nextPageToken = "next_page_token"
    }
}

extension MLflowServer {
    /// All registered models, without prompts unless the filter asks for them: `GET registered-models/search`.
    /// The filter is an expression of `MLflowFilter`; the tag `mlflow.prompt.is_prompt` of `true` lists the prompts.
    package func registeredModels(where filter: String? = nil) async throws -> [MLflowRegisteredModel] {
        try await all(RegisteredModelPage.self) { token in
            var query = [(name: "max_results", value: "1000")]
            if let filter { query.append(("filter", filter)) }
            if let token { query.append(("page_token", token)) }
            return Call("list the registered models", .get, Self.path("registered-models/search"), query: query)
        }
    }

    /// Creates a registered model: `POST registered-models/create`.
    ///
    /// It is repeated when the response is lost; a taken name may then be the result of the first request.
    /// - Throws: `WireError`; `isAlreadyThere` when a model or a prompt has the name.
    package func createRegisteredModel(
        _ name: String, description: String? = nil, tags: [String: String] = [:]
    ) async throws {
        let body = Value.fields([
            "name": .string(name), "description": description.map(Value.string), "tags": .pairs(tags),
        ])
        _ = try await endpoint.send(
            Self.post("create the registered model", "registered-models/create", body, isRepeatable: true))
    }

    /// Renames a registered model with its versions and aliases: `POST registered-models/rename`.
    package func renameRegisteredModel(_ name: String, to newName: String) async throws {
        let body: Value = ["name": .string(name), "new_name": .string(newName)]
        // A second request would be rejected: the old name no longer exists.
        let call = Self.post("rename the registered model", "registered-models/rename", body, isRepeatable: false)
        let _: Value = try await endpoint.create(call) {
            let isRenamed = try await modelNames([name, newName]) == [newName]
            return isRenamed ? [:] : nil
        }
    }

    /// The names among some that a registered model or a prompt has.
    private func modelNames(_ names: [String]) async throws -> [String] {
        let models = try await registeredModels() + prompts()
        return names.filter { name in models.contains { $0.name == name } }
    }

    /// Changes the description: `PATCH registered-models/update`.
    package func updateRegisteredModel(_ name: String, description: String) async throws {
        let body: Value = ["name": .string(name), "description": .string(description)]
        _ = try await endpoint.send(
            Call(
                "update the registered model", .patch, Self.path("registered-models/update"), body: .json(body),
                isRepeatable: true))
    }

    /// Sets a tag, of at most 100,000 characters: `POST registered-models/set-tag`.
    package func setRegisteredModelTag(_ name: String, _ key: String, to value: String) async throws {
        let body: Value = ["name": .string(name), "key": .string(key), "value": .string(value)]
        _ = try await endpoint.send(
            Self.post("set a tag of the registered model", "registered-models/set-tag", body, isRepeatable: true))
    }

    /// Removes a tag: `DELETE registered-models/delete-tag`, with a body; a missing one is no error.
    package func deleteRegisteredModelTag(_ name: String, _ key: String) async throws {
        let body: Value = ["name": .string(name), "key": .string(key)]
        try await sendRemoval(
            Call(
                "remove a tag of the registered model", .delete, Self.path("registered-models/delete-tag"),
                body: .json(body)))
    }

    /// Deletes a registered model **with all its versions**: `DELETE registered-models/delete`; a missing one is no
    /// error.
    package func deleteRegisteredModel(_ name: String) async throws {
        try await sendRemoval(
            Call(
                "delete the registered model", .delete, Self.path("registered-models/delete"),
                body: .json(["name": .string(name)])))
    }

    /// Points an alias at a version, replacing its previous target: `POST registered-models/alias`.
    package func setAlias(_ alias: String, of name: String, toVersion version: String) async throws {
        let body: Value = ["name": .string(name), "alias": .string(alias), "version": .string(version)]
        _ = try await endpoint.send(
            Self.post("set an alias of the registered model", "registered-models/alias", body, isRepeatable: true))
    }

    /// Removes an alias: `DELETE registered-models/alias`, with a body; a missing one is no error.
    package func deleteAlias(_ alias: String, of name: String) async throws {
        let body: Value = ["name": .string(name), "alias": .string(alias)]
        try await sendRemoval(
            Call(
                "remove an alias of the registered model", .delete, Self.path("registered-models/alias"),
                body: .json(body)))
    }
}
