import Language

/// A run of an experiment.
package struct MLflowRun: Sendable, Hashable, Decodable, Identifiable {
    package enum Status: String, Sendable, Hashable {
        case running = "RUNNING"
        case scheduled = "SCHEDULED"
        case finished = "FINISHED"
        case failed = "FAILED"
        case killed = "KILLED"
    }

    package var id: String
    package var experimentID: String
    package var name: String
    /// nil for any other value.
    package var status: Status?
    /// Milliseconds since 1970.
    package var startTime: Int
    /// nil while it runs.
    package var endTime: Int?
    package var artifactURI: String
    package var tags: [String: String]
    package var params: [String: String]
    /// The latest value of each metric.
    package var metrics: [String: Double]
    /// The ids of the logged models that it created.
    package var outputs: [String]

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        outputs = try fields.decodeIfPresent(Outputs.self, forKey: .outputs)?.models?.map(\.id) ?? []
        let info = try fields.nestedContainer(keyedBy: InfoKeys.self, forKey: .info)
        id = try info.decode(String.self, forKey: .id)
        experimentID = try info.text(.experimentID)
        name = try info.text(.name)
        status = Status(rawValue: try info.text(.status))
        startTime = try info.decodeIfPresent(Int.self, forKey: .startTime) ?? 0
        endTime = try info.decodeIfPresent(Int.self, forKey: .endTime).flatMap { $0 == 0 ? nil : $0 }
        artifactURI = try info.text(.artifactURI)
        guard fields.contains(.data) else {
            (tags, params, metrics) = ([:], [:], [:])
            return
        }
        let data = try fields.nestedContainer(keyedBy: DataKeys.self, forKey: .data)
        tags = try data.pairs(.tags)
        params = try data.pairs(.params)
        let values = try data.decodeIfPresent([Metric].self, forKey: .metrics) ?? []
        metrics = Dictionary(values.map { ($0.key, $0.value ?? .nan) }) { _, last in last }
    }

    private struct Metric: Decodable {
        var key: String
        /// nil when it is no number.
        var value: Double?

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            key = try fields.decode(String.self, forKey: .key)
            value = try? fields.decode(Double.self, forKey: .value)
        }

        enum CodingKeys: String, CodingKey {
            case key, value
        }
    }

    private struct Outputs: Decodable {
        struct Model: Decodable {
            var id: String

            enum CodingKeys: String, CodingKey {
                case id = "model_id"
            }
        }

        var models: [Model]?

        enum CodingKeys: String, CodingKey {
            case models = "model_outputs"
        }
    }

    private enum CodingKeys: String, CodingKey {
        case info, data, outputs
    }

    private enum InfoKeys: String, CodingKey {
        case id = "run_id"
        case experimentID = "experiment_id"
        case name = "run_name"
        case status
        case startTime = "start_time"
        case endTime = "end_time"
        case artifactURI = "artifact_uri"
    }

    private enum DataKeys: String, CodingKey {
        case tags, params, metrics
    }
}

/// One measured number of a run.
package struct MLflowMetric: Sendable, Hashable {
    package var key: String
    package var value: Double
    /// Milliseconds since 1970.
    package var timestamp: Int
    package var step: Int
    /// The logged model that also shows it.
    package var modelID: String?
    /// The dataset that it was measured with; nil when there is none.
    package var dataset: MLflowRunDataset?

    package init(
        _ key: String, _ value: Double, timestamp: Int, step: Int = 0, modelID: String? = nil,
        dataset: MLflowRunDataset? = nil
    ) {
        self.key = key
        self.value = value
        self.timestamp = timestamp
        self.step = step
        self.modelID = modelID
        self.dataset = dataset
    }

    fileprivate var json: Value {
        .fields([
            "key": .string(key), "value": .number(value), "timestamp": .integer(timestamp), "step": .integer(step),
            "model_id": modelID.map(Value.string), "dataset_name": dataset.map { .string($0.name) },
            "dataset_digest": dataset.map { .string($0.digest) },
        ])
    }
}

private struct RunPage: MLflowPage {
    var elements: [MLflowRun]?
    var nextPageToken: String?

    enum CodingKeys: String, CodingKey {
        case elements = "runs"
        case nextPageToken = "next_page_token"
    }
}

private struct RunAnswer: Decodable, Sendable {
    var run: MLflowRun
}

extension MLflowServer {
    /// The runs of experiments, newest first, the active ones or all: `POST runs/search`.
    package func runs(
        inExperiments ids: [String], where filter: String? = nil, includingDeleted: Bool = false
    ) async throws -> [MLflowRun] {
        try await all(RunPage.self) { token in
            let body = Value.fields([
                "experiment_ids": .array(ids.map(Value.string)), "max_results": 1000,
                "filter": filter.map(Value.string), "page_token": token.map(Value.string),
                "run_view_type": includingDeleted ? "ALL" : nil,
            ])
            return Self.post("list the runs", "runs/search", body, isRepeatable: true).reading
        }
    }

    /// The run that was started last among some: `POST runs/search`, of which one is read.
    package func latestRun(inExperiments ids: [String], where filter: String?) async throws -> MLflowRun? {
        try await latestRuns(1, inExperiments: ids, where: filter).first
    }

    /// The newest runs of experiments, so many at most, newest first.
    package func latestRuns(
        _ count: Int, inExperiments ids: [String], where filter: String?
    ) async throws -> [MLflowRun] {
        let body = Value.fields([
            "experiment_ids": .array(ids.map(Value.string)), "max_results": .integer(count),
            "filter": filter.map(Value.string),
            "order_by": ["attributes.start_time DESC"],
        ])
        let call = Self.post("look for the latest run", "runs/search", body, isRepeatable: true)
        return try await endpoint.decode(call, as: RunPage.self).elements ?? []
    }

    /// Creates a run: `POST runs/create`. Each request creates another run, so it is repeated only when there is none
    /// with its name, start and tags. The start is in milliseconds since 1970; the server would take 0.
    package func createRun(
        inExperiment id: String, name: String, startTime: Int, tags: [String: String] = [:]
    ) async throws -> MLflowRun {
        let body: Value = [
            "experiment_id": .string(id), "run_name": .string(name), "start_time": .integer(startTime),
            "tags": .pairs(tags),
        ]
        let call = Self.post("create the run", "runs/create", body, isRepeatable: false)
        return try await endpoint.create(call, as: RunAnswer.self) {
            let tag = tags.min { $0.key < $1.key }
            let listed = try await runs(inExperiments: [id], where: tag.flatMap { MLflowFilter.tag($0.key, $0.value) })
            return listed.first { $0.name == name && $0.startTime == startTime && $0.tags.hold(tags) }
                .map(RunAnswer.init)
        }.run
    }

    /// Changes the status of a run: `POST runs/update`.
    /// The end is in milliseconds since 1970; nil while it runs.
    package func updateRun(_ id: String, status: MLflowRun.Status, endTime: Int? = nil) async throws {
        let body = Value.fields([
            "run_id": .string(id), "status": .string(status.rawValue), "end_time": endTime.map(Value.integer),
        ])
        _ = try await endpoint.send(Self.post("update the run", "runs/update", body, isRepeatable: true))
    }

    /// Logs at most 1,000 metrics, 100 parameters and 100 tags at once: `POST runs/log-batch`. A parameter can be
    /// written again only with the same value.
    package func logBatch(
        toRun id: String, metrics: [MLflowMetric] = [], params: [String: String] = [:], tags: [String: String] = [:]
    ) async throws {
        let body: Value = [
            "run_id": .string(id), "metrics": .array(metrics.map(\.json)), "params": .pairs(params),
            "tags": .pairs(tags),
        ]
        _ = try await endpoint.send(Self.post("log to the run", "runs/log-batch", body, isRepeatable: true))
    }

    /// One run: `GET runs/get`.
    package func run(_ id: String) async throws -> MLflowRun {
        let call = Call("read the run", .get, Self.path("runs/get"), query: [("run_id", id)])
        return try await endpoint.decode(call, as: RunAnswer.self).run
    }

    /// Records a logged model as an output of a run: `POST runs/outputs` (3.x).
    ///
    /// The server rejects a repetition (400 with a database error, seen on 3.17.2), so a rejection is checked against
    /// the outputs of the run.
    package func addOutput(_ modelID: String, toRun id: String) async throws {
        let model: Value = ["model_id": .string(modelID), "step": 0]
        let body: Value = ["run_id": .string(id), "models": .array([model])]
        do {
            _ = try await endpoint.send(
                Self.post("name the output of the run", "runs/outputs", body, isRepeatable: true))
        } catch let error as WireError where error.status == 400 {
            guard try await run(id).outputs.contains(modelID) else { throw error }
        }
    }

    /// Restores a deleted run: `POST runs/restore`; one that is not deleted is no error.
    package func restoreRun(_ id: String) async throws {
        _ = try await endpoint.send(
            Self.post("restore the run", "runs/restore", ["run_id": .string(id)], isRepeatable: true))
    }

    /// Sets a tag of a run: `POST runs/set-tag`.
    package func setRunTag(_ id: String, _ key: String, to value: String) async throws {
        let body: Value = ["run_id": .string(id), "key": .string(key), "value": .string(value)]
        _ = try await endpoint.send(Self.post("set a tag of the run", "runs/set-tag", body, isRepeatable: true))
    }

    /// Removes a tag of a run: `POST runs/delete-tag`; a missing one is no error.
    package func deleteRunTag(_ id: String, _ key: String) async throws {
        let body: Value = ["run_id": .string(id), "key": .string(key)]
        try await sendRemoval(Self.post("remove a tag of the run", "runs/delete-tag", body, isRepeatable: true))
    }

    /// Deletes a run, which can be restored: `POST runs/delete`; a deleted one is no error.
    package func deleteRun(_ id: String) async throws {
        try await sendRemoval(
            Self.post("delete the run", "runs/delete", ["run_id": .string(id)], isRepeatable: true))
    }
}
