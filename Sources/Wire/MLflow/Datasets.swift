package import Language

/// An evaluation dataset (3.x): a generated id, a name that others may have too, tags, and records beside it.
package struct MLflowDataset: Sendable, Hashable, Decodable {
    /// `d-` and 32 hex digits.
    package var id: String
    package var name: String
    package var tags: [String: String]
    /// What MLflow makes anew whenever records are written; it does not tell what is in them.
    package var digest: String
    package var recordCount: Int
    /// Milliseconds since 1970, by the server's clock.
    package var created: Int

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        id = try fields.decode(String.self, forKey: .id)
        name = try fields.text(.name)
        digest = try fields.text(.digest)
        created = try fields.decodeIfPresent(Int.self, forKey: .created) ?? 0
        // Both are JSON in a text.
        let tags = try fields.embedded(.tags)?.object ?? [:]
        self.tags = tags.mapValues(\.interpolated)
        recordCount = try fields.embedded(.profile)?["num_records"]?.integer ?? 0
    }

    private enum CodingKeys: String, CodingKey {
        case name, tags, digest, profile
        case id = "dataset_id"
        case created = "created_time"
    }
}

/// A record of an evaluation dataset. Within a dataset, no two have equal inputs.
package struct MLflowDatasetRecord: Sendable, Hashable, Decodable {
    /// `dr-` and 32 hex digits.
    package var id: String
    package var inputs: [String: Value]
    package var expectations: [String: Value]
    package var tags: [String: String]
    /// What was answered; nil for nothing.
    package var outputs: Value?

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        id = try fields.decode(String.self, forKey: .id)
        inputs = try fields.decodeIfPresent([String: Value].self, forKey: .inputs) ?? [:]
        expectations = try fields.decodeIfPresent([String: Value].self, forKey: .expectations) ?? [:]
        tags = (try fields.decodeIfPresent([String: Value].self, forKey: .tags) ?? [:]).mapValues(\.interpolated)
        outputs = try fields.decodeIfPresent(Value.self, forKey: .outputs)
    }

    private enum CodingKeys: String, CodingKey {
        case inputs, expectations, tags, outputs
        case id = "dataset_record_id"
    }
}

extension String {
    /// Whether it stands in a filter as it is.
    fileprivate var isPlain: Bool {
        wholeMatch(of: /[A-Za-z0-9._\-]+/) != nil
    }
}

private struct DatasetPage: MLflowPage {
    var elements: [MLflowDataset]?
    var nextPageToken: String?

    enum CodingKeys: String, CodingKey {
        case elements = "datasets"
        case nextPageToken = "next_page_token"
    }
}

private struct DatasetAnswer: Decodable, Sendable {
    var dataset: MLflowDataset
}

private struct DatasetExperiments: Decodable, Sendable {
    var ids: [String]?

    enum CodingKeys: String, CodingKey {
        case ids = "experiment_ids"
    }
}

/// A page of records, which is JSON in a text.
private struct RecordPage: MLflowPage {
    var elements: [MLflowDatasetRecord]?
    var nextPageToken: String?

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        elements = try fields.embedded(.records)?.decoded()
        nextPageToken = try fields.decodeIfPresent(String.self, forKey: .nextPageToken)
    }

    private enum CodingKeys: String, CodingKey {
        case records
        case nextPageToken = "next_page_token"
    }
}

extension KeyedDecodingContainer {
    /// JSON that a server puts in a text; nil when it is left out.
    fileprivate func embedded(_ key: Key) throws -> Value? {
        try decodeIfPresent(String.self, forKey: key).map { try Value(json: $0.utf8) }
    }
}

extension MLflowServer {
    /// At most so many records are written at once.
    private static let recordBatch = 500

    /// The evaluation datasets that have a tag, newest first: `POST datasets/search`, at most 1,000 a page.
    ///
    /// The key of the tag stands in the filter as it is: in quotes, servers find nothing. So the key and the value must
    /// be free of quotes and spaces, and whoever searches compares what comes back.
    ///
    /// With `--app-name basic-auth`, only administrators may search everywhere (seen on 3.17.2): others are shown what is in
    /// the experiments that they may read.
    package func datasets(tagged key: String, _ value: String) async throws -> [MLflowDataset] {
        let filter = "tags.\(key) = '\(value)'"
        do {
            return try await datasets(where: filter, inExperiments: nil)
        } catch let error as WireError where error.status == 403 {
            let readable = try await experiments().filter { !$0.isDeleted }.map(\.id)
            guard !readable.isEmpty else { return [] }
            return try await datasets(where: filter, inExperiments: readable)
        }
    }

    private func datasets(where filter: String, inExperiments ids: [String]?) async throws -> [MLflowDataset] {
        try await all(DatasetPage.self) { token in
            let body = Value.fields([
                "filter_string": .string(filter), "max_results": 1000, "order_by": ["created_time DESC"],
                "experiment_ids": ids.map { .array($0.map(Value.string)) }, "page_token": token.map(Value.string),
            ])
            return Self.datasetCall("list the datasets", .post, "search", body, isRepeatable: true).reading
        }
    }

    /// Makes a dataset: `POST datasets/create`. Every time that it is sent makes another one, so it is sent again
    /// only when a look finds none with its name and tags but those that were there before.
    package func createDataset(
        _ name: String, inExperiment id: String, tags: [String: String], beside known: Set<String> = []
    ) async throws -> MLflowDataset {
        let body: Value = [
            "name": .string(name), "experiment_ids": [.string(id)], "tags": .string(Self.embedded(tags)),
        ]
        let call = Self.datasetCall("create the dataset", .post, "create", body, isRepeatable: false)
        return try await endpoint.create(call, as: DatasetAnswer.self) {
            // By any tag that a filter can hold.
            guard let tag = tags.sorted(by: { $0.key < $1.key }).first(where: { $0.value.isPlain && $0.key.isPlain })
            else { return nil }
            return try await datasets(tagged: tag.key, tag.value).first { dataset in
                dataset.name == name && !known.contains(dataset.id) && dataset.tags.hold(tags)
            }.map(DatasetAnswer.init)
        }.dataset
    }

    /// Sets tags, other ones stay: `PATCH datasets/{id}/tags`.
    package func setDatasetTags(_ id: String, _ tags: [String: String]) async throws {
        let body: Value = ["dataset_id": .string(id), "tags": .string(Self.embedded(tags))]
        _ = try await endpoint.send(
            Self.datasetCall("set tags of the dataset", .patch, "\(id)/tags", body, isRepeatable: true))
    }

    /// Removes a tag: `DELETE datasets/{id}/tags/{key}`; one that is not there is no error.
    package func deleteDatasetTag(_ id: String, _ key: String) async throws {
        try await sendRemoval(
            Call(
                "remove a tag of the dataset", .delete,
                Self.datasetPath("\(id)/tags/\(PercentEncoding.path(key))")))
    }

    /// The ids of the experiments that a dataset belongs to: `GET datasets/{id}/experiment-ids`.
    package func experiments(ofDataset id: String) async throws -> [String] {
        let call = Call("read the experiments of the dataset", .get, Self.datasetPath("\(id)/experiment-ids"))
        return try await endpoint.decode(call, as: DatasetExperiments.self).ids ?? []
    }

    /// All records of a dataset: `GET datasets/{id}/records`, 1,000 a page.
    package func records(ofDataset id: String) async throws -> [MLflowDatasetRecord] {
        try await all(RecordPage.self) { token in
            var query = [(name: "max_results", value: "1000")]
            if let token { query.append(("page_token", token)) }
            return Call("list the records of the dataset", .get, Self.datasetPath("\(id)/records"), query: query)
        }
    }

    /// Writes records, `{inputs, expectations, tags}`: `POST datasets/{id}/records`.
    ///
    /// A record whose inputs are there already gets the expectations and tags beside those that it has; nothing is
    /// removed.
    package func putRecords(_ records: [Value], inDataset id: String) async throws {
        var rest = records[...]
        while !rest.isEmpty {
            let batch = Value.array(Array(rest.prefix(Self.recordBatch)))
            let body: Value = ["dataset_id": .string(id), "records": .string(batch.canonicalJSON)]
            _ = try await endpoint.send(
                Self.datasetCall("write records of the dataset", .post, "\(id)/records", body, isRepeatable: true))
            rest = rest.dropFirst(Self.recordBatch)
        }
    }

    /// Deletes records: `DELETE datasets/{id}/records` (not in 3.5.1); those that are gone are no error.
    package func deleteRecords(_ records: [String], ofDataset id: String) async throws {
        guard !records.isEmpty else { return }
        let body: Value = ["dataset_id": .string(id), "dataset_record_ids": .array(records.map(Value.string))]
        _ = try await endpoint.send(
            Self.datasetCall("delete records of the dataset", .delete, "\(id)/records", body, isRepeatable: true))
    }

    /// Whether the server can delete records: asked by deleting one that cannot be there.
    package func deletesRecords() async throws -> Bool {
        do {
            try await deleteRecords(["dr-none"], ofDataset: "d-" + String(repeating: "0", count: 32))
            return true
        } catch let error as WireError where [403, 404, 405].contains(error.status) {
            return error.status == 403 || error.code != nil  // The route is there, only the dataset is not.
        }
    }

    /// Deletes a dataset with its records: `DELETE datasets/{id}`; gone is no error.
    package func deleteDataset(_ id: String) async throws {
        try await sendRemoval(Call("delete the dataset", .delete, Self.datasetPath(id)))
    }

    private static func embedded(_ tags: [String: String]) -> String {
        Value.object(tags.mapValues(Value.string)).canonicalJSON
    }

    private static func datasetPath(_ route: String) -> String {
        "/api/3.0/mlflow/datasets/" + route
    }

    private static func datasetCall(
        _ operation: String, _ method: HTTPRequest.Method, _ route: String, _ body: Value, isRepeatable: Bool
    ) -> Call {
        Call(operation, method, datasetPath(route), body: .json(body), isRepeatable: isRepeatable)
    }
}
