import Language

/// A registered model of the fake.
package struct FakeRegisteredModel: Sendable, Hashable {
    package var name: String
    package var description: String
    package var tags: [FakeMLflowPair]
    package var aliases: [String: Int] = [:]
    package var lastUpdated: Int
    package var created: Int
    var lastVersion = 0

    var json: Value {
        let aliases = aliases.sorted { $0.key < $1.key }.map { alias in
            Value.object(["alias": .string(alias.key), "version": .string(String(alias.value))])
        }
        return fields([
            "name": .string(name), "description": description.isEmpty ? nil : .string(description),
            "tags": tags.json, "aliases": aliases.isEmpty ? nil : .array(aliases),
            "creation_timestamp": .integer(created), "last_updated_timestamp": .integer(lastUpdated),
        ])
    }
}

/// A model version of the fake.
package struct FakeVersion: Sendable, Hashable {
    package var name: String
    package var number: Int
    package var source: String
    package var runID: String
    package var description: String
    package var tags: [FakeMLflowPair]
    package var created: Int

    var json: Value {
        fields([
            "name": .string(name), "creation_timestamp": .integer(created), "version": .string(String(number)),
            "source": .string(source),
            "run_id": .string(runID), "description": .string(description), "status": "READY", "tags": tags.json,
        ])
    }
}

extension FakeMLflowStore {
    private static let promptTag = "mlflow.prompt.is_prompt"

    mutating func registeredModelsAnswer(_ route: String, _ request: FakeMLflowRequest) throws -> Value? {
        switch route {
        case "POST registered-models/create": return try createRegisteredModel(request)
        case "GET registered-models/search":
            let showsPrompts = try FakeMLflowFilter(request.text("filter") ?? "").asksFor(tag: Self.promptTag)
            let seen = registeredModels.filter { model in
                showsPrompts || !model.tags.contains { $0.key == Self.promptTag && $0.value == "true" }
            }
            return try page("registered_models", of: seen, request, limit: 1000) {
                ($0.name, $0.tags)
            } json: {
                $0.json
            }
        case "PATCH registered-models/update":
            let index = try registeredModel(request)
            registeredModels[index].description = request.text("description") ?? ""
            registeredModels[index].lastUpdated = now()
            return ["registered_model": registeredModels[index].json]
        case "POST registered-models/rename":
            let name = try request.required("new_name")
            let index = try registeredModel(request)
            guard !registeredModels.contains(where: { $0.name == name && name != registeredModels[index].name }) else {
                throw FakeMLflowRefusal.taken("Registered Model (name=\(name)) already exists.")
            }
            for version in versions.indices where versions[version].name == registeredModels[index].name {
                versions[version].name = name
            }
            registeredModels[index].name = name
            return ["registered_model": registeredModels[index].json]
        case "POST registered-models/set-tag":
            let index = try registeredModel(request)
            let tag = FakeMLflowPair(try request.required("key"), request.text("value") ?? "")
            registeredModels[index].tags.set(try [tag].checked(longest: 100_000)[0])
        case "DELETE registered-models/delete-tag":
            let index = try registeredModel(request)
            registeredModels[index].tags.removeAll { $0.key == request.text("key") }
        case "DELETE registered-models/delete":
            let name = registeredModels.remove(at: try registeredModel(request)).name
            versions.removeAll { $0.name == name }
        case "POST registered-models/alias": try setAlias(request)
        case "DELETE registered-models/alias":
            registeredModels[try registeredModel(request)].aliases[try request.required("alias")] = nil
        case _: return nil
        }
        return [:]
    }

    private mutating func createRegisteredModel(_ request: FakeMLflowRequest) throws -> Value {
        let name = try request.required("name")
        guard !name.contains("/"), !name.contains(":") else {
            throw FakeMLflowRefusal.invalid("Invalid model name '\(name)'. Names cannot contain '/' or ':'.")
        }
        guard !registeredModels.contains(where: { $0.name == name }) else {
            throw FakeMLflowRefusal.taken("Registered Model (name=\(name)) already exists.")
        }
        let time = now()
        let model = FakeRegisteredModel(
            name: name, description: request.text("description") ?? "",
            tags: try request.pairs("tags").checked(longest: 100_000), lastUpdated: time, created: time)
        registeredModels.append(model)
        return ["registered_model": model.json]
    }

    private mutating func setAlias(_ request: FakeMLflowRequest) throws {
        let alias = try request.required("alias")
        guard alias.lowercased() != "latest", alias.wholeMatch(of: /v[0-9]+/) == nil,
            alias.wholeMatch(of: /[A-Za-z0-9_-]+/) != nil
        else { throw FakeMLflowRefusal.invalid("Invalid alias name: '\(alias)'.") }
        let version = versions[try version(request)]
        registeredModels[try registeredModel(request)].aliases[alias] = version.number
    }

    private func registeredModel(_ request: FakeMLflowRequest) throws -> Int {
        guard request.method == "GET" || request.body["name"] != nil else {  // A DELETE reads its body only.
            throw FakeMLflowRefusal.invalid("Missing value for required parameter 'name'.")
        }
        let name = try request.required("name")
        guard let index = registeredModels.firstIndex(where: { $0.name.isExactly(name) }) else {
            throw FakeMLflowRefusal.missing("Registered Model with name=\(name) not found")
        }
        return index
    }

    mutating func versionsAnswer(_ route: String, _ request: FakeMLflowRequest) throws -> Value? {
        switch route {
        case "POST model-versions/create": return try createVersion(request)
        case "GET model-versions/search":
            let seen = Array(versions.reversed())
            return try page("model_versions", of: seen, request, limit: 200_000) {
                ($0.name, $0.tags)
            } json: {
                $0.json
            }
        case "POST model-versions/set-tag":
            let tag = FakeMLflowPair(try request.required("key"), request.text("value") ?? "")
            let index = try version(request)
            versions[index].tags.set(try [tag].checked(longest: 100_000)[0])
        case "DELETE model-versions/delete-tag":
            let index = try version(request)
            versions[index].tags.removeAll { $0.key == request.text("key") }
        case "PATCH model-versions/update":
            let index = try version(request)
            versions[index].description = request.text("description") ?? ""
            return ["model_version": versions[index].json]
        case "DELETE model-versions/delete":
            let gone = versions.remove(at: try version(request))
            for index in registeredModels.indices where registeredModels[index].name == gone.name {
                registeredModels[index].aliases = registeredModels[index].aliases.filter { $0.value != gone.number }
            }
        case _: return nil
        }
        return [:]
    }

    private mutating func createVersion(_ request: FakeMLflowRequest) throws -> Value {
        let source = try request.required("source")
        let tags = try request.pairs("tags").checked(longest: 100_000)
        let index = try registeredModel(request)
        if tags.contains(where: { $0.key == Self.promptTag }) {
            let text = tags.first { $0.key == "mlflow.prompt.text" }?.value ?? ""
            guard source == "dummy-source", text.unicodeScalars.count <= 100_000 else {
                throw FakeMLflowRefusal.invalid("Invalid prompt source or text.")
            }
        } else {
            guard let id = request.text("model_id"), source == "models:/\(id)" else {
                throw FakeMLflowRefusal.invalid("Invalid model version source: '\(source)'.")
            }
            _ = try loggedModel(id)
        }
        registeredModels[index].lastVersion += 1
        let version = FakeVersion(
            name: registeredModels[index].name, number: registeredModels[index].lastVersion, source: source,
            runID: request.text("run_id") ?? "", description: request.text("description") ?? "", tags: tags,
            created: now())
        versions.append(version)
        return ["model_version": version.json]
    }

    private func version(_ request: FakeMLflowRequest) throws -> Int {
        let name = try request.required("name")
        let number = try request.required("version")
        guard let index = versions.firstIndex(where: { $0.name == name && String($0.number) == number }) else {
            throw FakeMLflowRefusal.missing("Model Version (name=\(name), version=\(number)) not found")
        }
        return index
    }
}
