import Language
import Wire

/// A logged model of the fake.
package struct FakeLoggedModel: Sendable, Hashable {
    package var id: String
    package var experimentID: String
    package var name: String
    package var type: String
    package var runID: String
    package var status = "LOGGED_MODEL_PENDING"
    package var location: String
    package var created: Int
    package var isDeleted = false
    package var tags: [FakeMLflowPair]
    package var params: [FakeMLflowPair]

    var json: Value {
        fields([
            "info": fields([
                "model_id": .string(id), "experiment_id": .string(experimentID), "name": .string(name),
                "model_type": .string(type), "source_run_id": .string(runID), "status": .string(status),
                "artifact_uri": .string(location), "creation_timestamp_ms": .integer(created), "tags": tags.json,
            ]),
            "data": fields(["params": params.json]),
        ])
    }
}

extension FakeMLflowStore {
    mutating func loggedModelsAnswer(_ route: String, _ request: FakeMLflowRequest) throws -> Value? {
        let parts = route.split(separator: "/").map(String.init)
        switch (parts[0], parts.dropFirst().first, parts.count) {
        case ("POST logged-models", nil, 1): return try createLoggedModel(request)
        case ("POST logged-models", "search", 2):
            let ids = request.body["experiment_ids"]?.array ?? []
            let seen = loggedModels.filter { ids.contains(.string($0.experimentID)) && !$0.isDeleted }.reversed()
            return try page("models", of: Array(seen), request, limit: 50_000) {
                ($0.name, $0.tags)
            } json: {
                $0.json
            }
        case ("GET logged-models", let id?, 2): return ["model": loggedModels[try loggedModel(id)].json]
        case ("PATCH logged-models", let id?, 2):
            guard request.text("model_id") == id else {
                throw FakeMLflowRefusal.invalid("Missing value for required parameter 'model_id'.")
            }
            let index = try loggedModel(id)
            let known = ["LOGGED_MODEL_READY", "LOGGED_MODEL_PENDING", "LOGGED_MODEL_UPLOAD_FAILED"]
            let status = request.text("status") ?? ""
            loggedModels[index].status = known.contains(status) ? status : "LOGGED_MODEL_STATUS_UNSPECIFIED"
            return ["model": loggedModels[index].json]
        case ("PATCH logged-models", let id?, 3) where parts[2] == "tags":
            let index = try loggedModel(id)
            for tag in request.pairs("tags") { loggedModels[index].tags.set(tag) }
        case ("DELETE logged-models", let id?, 4) where parts[2] == "tags":
            let index = try loggedModel(id)
            guard loggedModels[index].tags.contains(where: { $0.key == parts[3] }) else {
                throw FakeMLflowRefusal.missing("No tag with key '\(parts[3])' found for model with ID '\(id)'.")
            }
            loggedModels[index].tags.removeAll { $0.key == parts[3] }
        case ("DELETE logged-models", let id?, 2):
            guard let index = loggedModels.firstIndex(where: { $0.id == id }) else {
                _ = try loggedModel(id); return nil
            }
            loggedModels[index].isDeleted = true
        case _: return nil
        }
        return [:]
    }

    private mutating func createLoggedModel(_ request: FakeMLflowRequest) throws -> Value {
        let name = try request.required("name")
        guard !name.contains(where: { "/:.%\"'".contains($0) }) else {
            throw FakeMLflowRefusal.invalid("Invalid model name ('\(name)') provided.")
        }
        let experiment = experiments[try activeExperiment(request)]
        let id = "m-" + "\(loggedModels.count + 1)".leftPadded(to: 32)
        let model = FakeLoggedModel(
            id: id, experimentID: experiment.id, name: name, type: request.text("model_type") ?? "",
            runID: request.text("source_run_id") ?? "", location: "\(experiment.location)/models/\(id)/artifacts",
            created: now(), tags: request.pairs("tags"), params: request.pairs("params"))
        loggedModels.append(model)
        return ["model": model.json]
    }

    func loggedModel(_ id: String) throws -> Int {
        guard let index = loggedModels.firstIndex(where: { $0.id == id && !$0.isDeleted }) else {
            throw FakeMLflowRefusal.missing("Logged model with ID '\(id)' not found.")
        }
        return index
    }

    mutating func artifactsResponse(to request: FakeMLflowRequest) throws -> HTTPResponse {
        let path = String(request.path.dropFirst(Self.artifactsRoute.count).drop { $0 == "/" })
        guard !path.split(separator: "/").contains(".."), !path.contains("#") else {
            throw FakeMLflowRefusal.invalid("Invalid path")
        }
        if path.isEmpty { return Self.json(200, listing(request.text("path") ?? "")) }
        if request.method == "PUT" {
            artifacts[path] = request.bytes
            return HTTPResponse(status: 200)
        }
        guard let bytes = artifacts[path] else {
            // Before 3.6 every failure is one of the server.
            guard version != "3.5.1" else { throw FakeMLflowRefusal(status: 500, code: "INTERNAL_ERROR", message: "") }
            throw FakeMLflowRefusal.missing("No such artifact: '\(path)'")
        }
        return HTTPResponse(status: 200, body: bytes)
    }

    private func listing(_ folder: String) -> Value {
        let files = artifacts.filter { $0.key.hasPrefix(folder + "/") }.sorted { $0.key < $1.key }.map { file in
            fields([
                "path": .string(String(file.key.dropFirst(folder.count + 1))), "is_dir": false,
                "file_size": file.value.isEmpty ? nil : .integer(file.value.count),
            ])
        }
        return files.isEmpty ? [:] : ["files": .array(files)]
    }
}
