package import Language

/// An experiment of the fake.
package struct FakeExperiment: Sendable, Hashable {
    package var id: String
    package var name: String
    package var location: String
    package var isDeleted = false
    package var tags: [FakeMLflowPair] = []
    /// Milliseconds since 1970; nil when it is not told.
    package var created: Int?
    /// When it was deleted; nil when it is there.
    package var deleted: Int?

    var json: Value {
        fields([
            "last_update_time": deleted.map { .integer($0) }, "creation_time": created.map { .integer($0) },
            "experiment_id": .string(id), "name": .string(name),
            "artifact_location": .string(location),
            "lifecycle_stage": .string(isDeleted ? "deleted" : "active"), "tags": tags.json,
        ])
    }
}

/// A run of the fake.
package struct FakeRun: Sendable, Hashable {
    package var id: String
    package var experimentID: String
    package var name: String
    package var status = "RUNNING"
    package var startTime: Int
    package var endTime: Int?
    package var isDeleted = false
    package var location: String
    package var tags: [FakeMLflowPair]
    package var params: [FakeMLflowPair] = []
    package var outputs: [String] = []
    /// The last value of each.
    package var metrics: [String: Double] = [:]
    package var datasets: [Value] = []
    package var inputs: [String] = []

    var info: Value {
        fields([
            "run_id": .string(id), "experiment_id": .string(experimentID), "run_name": .string(name),
            "status": .string(status), "start_time": .integer(startTime), "end_time": endTime.map(Value.integer),
            "artifact_uri": .string(location), "lifecycle_stage": .string(isDeleted ? "deleted" : "active"),
        ])
    }

    var json: Value {
        let models = outputs.map { output in Value.object(["model_id": .string(output), "step": 0]) }
        return fields([
            "info": info, "data": fields(["tags": tags.json, "params": params.json]),
            "outputs": outputs.isEmpty ? nil : ["model_outputs": .array(models)],
        ])
    }
}

extension FakeMLflowStore {
    mutating func experimentsAnswer(_ route: String, _ request: FakeMLflowRequest) throws -> Value? {
        switch route {
        case "POST experiments/create": return try createExperiment(request)
        case "POST experiments/search":
            let view = request.text("view_type") ?? "ACTIVE_ONLY"
            let seen = experiments.filter { view == "ALL" || $0.isDeleted == (view == "DELETED_ONLY") }
            let byID = request.body["order_by"] == ["experiment_id ASC"]
            let sorted = byID ? seen : seen.reversed()
            return try page("experiments", of: sorted, request, limit: 50_000) {
                ($0.name, $0.tags)
            } json: {
                $0.json
            }
        case "POST experiments/restore":
            let index = try experiment(request, isDeleted: true)
            (experiments[index].isDeleted, experiments[index].deleted) = (false, nil)
            setRuns(ofExperiment: index, deleted: false)
        case "POST experiments/delete":
            let index = try experiment(request, isDeleted: false)
            (experiments[index].isDeleted, experiments[index].deleted) = (true, now())
            setRuns(ofExperiment: index, deleted: true)
        case "POST experiments/update":
            let name = try request.required("new_name")
            let index = try experiment(request)
            guard !experiments[index].isDeleted else {
                throw FakeMLflowRefusal(
                    status: 500, code: "INVALID_STATE", message: "Cannot rename a non-active experiment.")
            }
            guard !experiments.contains(where: { $0.name == name && $0.id != experiments[index].id }) else {
                throw FakeMLflowRefusal.constraint
            }
            experiments[index].name = name
        case "POST experiments/set-experiment-tag":
            let tag = FakeMLflowPair(try request.required("key"), request.text("value") ?? "")
            let index = try activeExperiment(request)
            experiments[index].tags.set(try [tag].checked(longest: 20_000)[0])
        case "POST experiments/delete-experiment-tag":
            let key = try request.required("key")
            let index = try activeExperiment(request)
            guard experiments[index].tags.contains(where: { $0.key == key }) else {
                throw FakeMLflowRefusal.missing("No tag with name: \(key) in experiment with id \(index)")
            }
            experiments[index].tags.removeAll { $0.key == key }
        case _: return nil
        }
        return [:]
    }

    /// Runs are deleted, and restored, with their experiment.
    private mutating func setRuns(ofExperiment index: Int, deleted isDeleted: Bool) {
        for run in runs.indices where runs[run].experimentID == experiments[index].id {
            runs[run].isDeleted = isDeleted
        }
    }

    /// Removes a deleted experiment for good with all that it holds, as `mlflow gc` does.
    mutating func removeForGood(_ id: String) {
        guard let index = experiments.firstIndex(where: { $0.id == id && $0.isDeleted }) else { return }
        experiments.remove(at: index)
        removedExperiments += 1
        runs.removeAll { $0.experimentID == id }
        artifacts = artifacts.filter { !$0.key.split(separator: "/").starts(with: [id[...]]) }
    }

    private mutating func createExperiment(_ request: FakeMLflowRequest) throws -> Value {
        let name = try request.required("name")
        guard name.unicodeScalars.count <= 500 else {
            throw FakeMLflowRefusal.invalid("'name' exceeds the maximum length of 500 characters")
        }
        guard !experiments.contains(where: { $0.name == name }) else {
            throw FakeMLflowRefusal.taken("Experiment(name=\(name)) already exists.")
        }
        let id = String(experiments.count + removedExperiments)
        let location = request.text("artifact_location") ?? "\(artifactScheme)/\(id)"
        let tags = try request.pairs("tags").checked(longest: 20_000)
        experiments.append(FakeExperiment(id: id, name: name, location: location, tags: tags))
        return ["experiment_id": .string(id)]
    }

    private func experiment(_ request: FakeMLflowRequest, isDeleted: Bool? = nil) throws -> Int {
        let id = try request.required("experiment_id")
        let index = experiments.firstIndex { $0.id == id && (isDeleted == nil || $0.isDeleted == isDeleted) }
        guard let index else { throw FakeMLflowRefusal.missing("No Experiment with id=\(id) exists") }
        return index
    }

    func activeExperiment(_ request: FakeMLflowRequest) throws -> Int {
        let index = try experiment(request)
        guard !experiments[index].isDeleted else {
            throw FakeMLflowRefusal.invalid("The experiment must be in the 'active' state.")
        }
        return index
    }

    mutating func runsAnswer(_ route: String, _ request: FakeMLflowRequest) throws -> Value? {
        switch route {
        case "POST runs/create": return try createRun(request)
        case "POST runs/search":
            let ids = request.body["experiment_ids"]?.array ?? []
            let all = request.text("run_view_type") == "ALL"
            let seen = runs.filter { ids.contains(.string($0.experimentID)) && (all || !$0.isDeleted) }.reversed()
            return try page("runs", of: Array(seen), request, limit: 50_000) {
                ($0.name, $0.tags + [FakeMLflowPair("attributes.status", $0.status)])
            } json: {
                $0.json
            }
        case "GET runs/get": return ["run": runs[try run(request)].json]
        case "POST runs/update":
            let index = try run(request)
            runs[index].status = request.text("status") ?? runs[index].status
            runs[index].endTime = request.body["end_time"]?.integer ?? runs[index].endTime
            return ["run_info": runs[index].info]
        case "POST runs/log-batch":
            let index = try run(request)
            for param in request.pairs("params") {
                let old = runs[index].params.first { $0.key == param.key }
                guard old == nil || old == param else {
                    throw FakeMLflowRefusal.invalid("Changing param values is not allowed.")
                }
                runs[index].params.set(param)
            }
            for tag in request.pairs("tags") { runs[index].tags.set(tag) }
            for metric in request.body["metrics"]?.array ?? [] {
                runs[index].metrics[metric["key"]?.string ?? ""] = metric["value"]?.double
            }
        case "POST runs/log-inputs":
            let index = try run(request)
            for dataset in request.body["datasets"]?.array ?? [] where !runs[index].datasets.contains(dataset) {
                runs[index].datasets.append(dataset)
            }
            runs[index].inputs = (request.body["models"]?.array ?? []).compactMap { $0["model_id"]?.string }
        case "POST runs/outputs":
            let index = try run(request)
            let models = (request.body["models"]?.array ?? []).compactMap { $0["model_id"]?.string }
            guard Set(models).isDisjoint(with: runs[index].outputs) else { throw FakeMLflowRefusal.constraint }
            runs[index].outputs += models
        case "POST runs/restore":
            let id = try request.required("run_id")
            guard let index = runs.firstIndex(where: { $0.id == id }) else {
                throw FakeMLflowRefusal.missing("Run with id=\(id) not found")
            }
            runs[index].isDeleted = false
        case "POST runs/set-tag":
            let (index, key) = (try run(request), try request.required("key"))
            runs[index].tags.removeAll { $0.key == key }
            runs[index].tags.append(FakeMLflowPair(key, try request.required("value")))
        case "POST runs/delete-tag":
            let (index, key) = (try run(request), try request.required("key"))
            guard runs[index].tags.contains(where: { $0.key == key }) else {
                throw FakeMLflowRefusal.missing("No tag with name: \(key) in run with id \(runs[index].id)")
            }
            runs[index].tags.removeAll { $0.key == key }
        case "POST runs/delete": runs[try run(request)].isDeleted = true
        case _: return nil
        }
        return [:]
    }

    private mutating func createRun(_ request: FakeMLflowRequest) throws -> Value {
        let experiment = experiments[try activeExperiment(request)]
        let id = "\(runs.count)".leftPadded(to: 32)
        let name = request.text("run_name") ?? "merciful-ox"
        var run = FakeRun(
            id: id, experimentID: experiment.id, name: name, startTime: request.body["start_time"]?.integer ?? 0,
            location: "\(experiment.location)/\(id)/artifacts", tags: request.pairs("tags"))
        run.tags.set(FakeMLflowPair("mlflow.runName", name))
        runs.append(run)
        return ["run": run.json]
    }

    private func run(_ request: FakeMLflowRequest) throws -> Int {
        let id = try request.required("run_id")
        guard let index = runs.firstIndex(where: { $0.id == id }) else {
            throw FakeMLflowRefusal.missing("Run with id=\(id) not found")
        }
        guard !runs[index].isDeleted || request.method == "GET" || request.path.hasSuffix("runs/delete") else {
            throw FakeMLflowRefusal.invalid("The run \(id) must be in the 'active' state.")
        }
        return index
    }
}

extension String {
    /// The text behind as many zeros as it needs.
    func leftPadded(to count: Int) -> String {
        String(repeating: "0", count: max(0, count - self.count)) + self
    }
}
