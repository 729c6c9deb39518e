import Language

extension MLflowModelVersion {
    /// The tag of a prompt version that holds its text; a chat as JSON, `[{"role", "content"}]`.
    package static let promptTextTag = "mlflow.prompt.text"
    /// The tag of a prompt version with the type of its text: `text` or `chat`.
    package static let promptTypeTag = "_mlflow_prompt_type"
    /// The maximum length of a prompt's text, in Unicode scalars.
    package static let longestPromptText = 100_000
}

extension MLflowServer {
    private static let promptFilter = MLflowFilter.tag(MLflowRegisteredModel.promptTag, "true")
    /// The source of every prompt version; servers reject others.
    private static let promptSource = "dummy-source"

    /// All prompts, which are registered models with a tag: `GET registered-models/search`.
    package func prompts() async throws -> [MLflowRegisteredModel] {
        try await registeredModels(where: Self.promptFilter)
    }

    /// All versions of all prompts, newest first: `GET model-versions/search`.
    package func promptVersions() async throws -> [MLflowModelVersion] {
        try await modelVersions(where: Self.promptFilter)
    }

    /// Creates a prompt without versions: `POST registered-models/create`.
    ///
    /// It is repeated when the response is lost; a taken name may then be the result of the first request.
    /// - Throws: `WireError`; `isAlreadyThere` when a prompt or a registered model has the name.
    package func createPrompt(_ name: String, description: String, tags: [String: String]) async throws {
        let tags = tags.merging([MLflowRegisteredModel.promptTag: "true"]) { _, mark in mark }
        try await createRegisteredModel(name, description: description, tags: tags)
    }

    /// Creates the next version of a prompt: `POST model-versions/create`. Each request creates another one, so it is
    /// repeated only when there is no newer version with this text.
    ///
    /// - Parameters:
    ///   - text: its text, at most 100,000 characters; a chat as JSON.
    ///   - isChat: whether `text` is a chat.
    ///   - known: the numbers of the versions that existed before.
    package func createPromptVersion(
        of name: String, text: String, isChat: Bool, tags: [String: String], beside known: Set<String> = []
    ) async throws -> MLflowModelVersion {
        var tags = tags
        tags[MLflowRegisteredModel.promptTag] = "true"
        tags[MLflowModelVersion.promptTextTag] = text
        tags[MLflowModelVersion.promptTypeTag] = isChat ? "chat" : "text"
        let body: Value = [
            "name": .string(name), "source": .string(Self.promptSource), "tags": .pairs(tags),
        ]
        let call = Self.post("create the version of the prompt", "model-versions/create", body, isRepeatable: false)
        return try await endpoint.create(call, as: CreatedVersion.self) {
            try await promptVersions().first { version in
                version.name == name && !known.contains(version.version) && version.tags.hold(tags)
            }.map(CreatedVersion.init)
        }.modelVersion
    }
}
