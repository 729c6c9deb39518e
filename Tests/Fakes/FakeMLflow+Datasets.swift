package import Language

/// An evaluation dataset of the fake.
package struct FakeDataset: Sendable, Hashable {
    package var id: String
    package var name: String
    package var tags: [String: Value]
    package var experimentIDs: [String]
    package var digest: String
    var created: Int
    package var records: [FakeRecord] = []
    /// As the server counts: `profile` is there once records were written.
    var profile: Int?

    /// As a listing shows it.
    var json: Value {
        fields([
            "dataset_id": .string(id), "name": .string(name), "tags": .string(Value.object(tags).canonicalJSON),
            "digest": .string(digest), "created_time": .integer(created),
            "profile": profile.map { .string("{\"num_records\":\($0)}") },
        ])
    }
}

/// A record of a dataset of the fake.
package struct FakeRecord: Sendable, Hashable {
    package var id: String
    package var inputs: Value
    package var expectations: [String: Value]
    package var tags: [String: Value]
    /// The recorded answer.
    package var outputs: Value?

    var json: Value {
        fields([
            "dataset_record_id": .string(id), "inputs": inputs, "tags": .object(tags),
            "outputs": outputs, "expectations": expectations.isEmpty ? nil : .object(expectations),
        ])
    }
}

extension FakeMLflowStore {
    mutating func datasetsAnswer(_ request: FakeMLflowRequest) throws -> Value? {
        let parts = request.path.dropFirst((Self.route3 + "datasets/").count).split(separator: "/").map(String.init)
        switch (request.method, parts.first, parts.dropFirst().first, parts.count) {
        case ("POST", "create", nil, 1): return try createDataset(request)
        case ("POST", "search", nil, 1): return try searchDatasets(request)
        case ("PATCH", let id?, "tags", 2):
            let index = try dataset(id)
            let tags = try Value(json: try request.required("tags").utf8).object ?? [:]
            datasets[index].tags.merge(tags) { _, new in new }
        case ("DELETE", let id?, "tags", 3): datasets[try dataset(id)].tags[parts[2]] = nil
        case ("GET", let id?, nil, 1): return ["dataset": datasets[try dataset(id)].json]
        case ("GET", let id?, "records", 2):
            let json = datasets.first { $0.id == id }?.records.map(\.json) ?? []
            return ["records": .string(Value.array(json).canonicalJSON)]
        case ("GET", let id?, "experiment-ids", 2):
            return ["experiment_ids": .array(datasets[try dataset(id)].experimentIDs.map(Value.string))]
        case ("POST", let id?, "records", 2): return try putRecords(request, in: id)
        case ("DELETE", let id?, "records", 2): return try deleteRecords(request, in: id)
        case ("DELETE", let id?, nil, 1): datasets.removeAll { $0.id == id }
        case _: return nil
        }
        return [:]
    }

    private mutating func createDataset(_ request: FakeMLflowRequest) throws -> Value {
        let name = try request.required("name")
        let id = "d-" + "\(datasetCount + 1)".leftPadded(to: 32)
        datasetCount += 1
        let experiments = (request.body["experiment_ids"]?.array ?? []).compactMap(\.string)
        let tags = try request.text("tags").map { try Value(json: $0.utf8).object ?? [:] } ?? [:]
        let time = now()
        let dataset = FakeDataset(
            id: id, name: name, tags: tags, experimentIDs: experiments, digest: "\(time)", created: time)
        datasets.append(dataset)
        var json = dataset.json.object ?? [:]
        json["experiment_ids"] = experiments.isEmpty ? nil : .array(experiments.map(Value.string))
        return ["dataset": .object(json)]
    }

    /// Newest first; a filter is one equality of a tag, whose key stands there as it is: in quotes it finds nothing.
    private func searchDatasets(_ request: FakeMLflowRequest) throws -> Value {
        var seen = Array(datasets.reversed())
        if let filter = request.text("filter_string"), !filter.isEmpty {
            let sides = filter.split(separator: " = ", maxSplits: 1).map(String.init)
            guard sides.count == 2, sides[0].hasPrefix("tags."), sides[1].first == "'", sides[1].last == "'" else {
                throw FakeMLflowRefusal.invalid("Invalid clause(s) in filter string: \(filter)")
            }
            let wanted = Value.string(String(sides[1].dropFirst().dropLast()))
            seen = seen.filter { $0.tags[String(sides[0].dropFirst("tags.".count))] == wanted }
        }
        return seen.isEmpty ? [:] : ["datasets": .array(seen.map(\.json))]
    }

    private mutating func putRecords(_ request: FakeMLflowRequest, in id: String) throws -> Value {
        guard let index = datasets.firstIndex(where: { $0.id == id }) else { throw FakeMLflowRefusal.constraint }
        let records = try Value(json: try request.required("records").utf8).array ?? []
        var (inserted, updated) = (0, 0)
        for record in records {
            let inputs = record["inputs"] ?? [:]
            let (expected, tags) = (record["expectations"]?.object ?? [:], record["tags"]?.object ?? [:])
            if let there = datasets[index].records.firstIndex(where: { $0.inputs == inputs }) {
                datasets[index].records[there].expectations.merge(expected) { _, new in new }
                datasets[index].records[there].tags.merge(tags) { _, new in new }
                if let outputs = record["outputs"] { datasets[index].records[there].outputs = outputs }
                updated += 1
            } else {
                recordCount += 1
                datasets[index].records.append(
                    FakeRecord(
                        id: "dr-" + "\(recordCount)".leftPadded(to: 32), inputs: inputs, expectations: expected,
                        tags: tags, outputs: record["outputs"]))
                inserted += 1
            }
        }
        datasets[index].profile = datasets[index].records.count
        datasets[index].digest = "\(now())"
        return ["inserted_count": .integer(inserted), "updated_count": .integer(updated)]
    }

    /// nil (405) where the server is too old for it. The digest stays: only the count moves.
    private mutating func deleteRecords(_ request: FakeMLflowRequest, in id: String) throws -> Value? {
        guard version != "3.5.1" else { return nil }
        let gone = (request.body["dataset_record_ids"]?.array ?? []).compactMap(\.string)
        guard let index = datasets.firstIndex(where: { $0.id == id }) else { return ["deleted_count": 0] }
        let before = datasets[index].records.count
        datasets[index].records.removeAll { gone.contains($0.id) }
        let deleted = before - datasets[index].records.count
        if deleted > 0 { datasets[index].profile = datasets[index].records.count }
        return ["deleted_count": .integer(deleted)]
    }

    private func dataset(_ id: String) throws -> Int {
        guard let index = datasets.firstIndex(where: { $0.id == id }) else {
            throw FakeMLflowRefusal.missing("Could not find evaluation dataset with ID \(id)")
        }
        return index
    }
}
