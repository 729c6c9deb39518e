import Language
import Wire

/// A record of a declared dataset: what is put in, and what is expected of the answer.
///
/// A row of a table, or a record in the spec, is either in MLflow's own form, `{inputs, expectations, tags}`, or flat:
/// `expectations.NAME` and `tags.NAME` say so, everything else is input.
///
///     question,expectations.expected_response
///     What is the refund window?,30 days
struct DatasetRecord: Sendable, Hashable {
    /// On a record that drover made: what drover wrote on it, `{"expectations": ["expected_response"], "tags": []}`.
    static let markTag = "drover.record"

    var inputs: [String: Value] = [:]
    var expectations: [String: Value] = [:]
    var tags: [String: String] = [:]

    /// Reads a row; nil when it has no inputs.
    init?(_ row: [String: Value]) {
        if let inputs = row["inputs"]?.object {
            self.inputs = inputs
            expectations = row["expectations"]?.object ?? [:]
            tags = (row["tags"]?.object ?? [:]).mapValues(\.interpolated)
        } else {
            for (key, value) in row { add(value, as: key) }
        }
        guard !inputs.isEmpty else { return nil }
    }

    private mutating func add(_ value: Value, as key: String) {
        let parts = key.split(separator: ".", maxSplits: 1).map(String.init)
        switch (parts.first, parts.count) {
        case ("inputs", 2): inputs[parts[1]] = value
        case ("expectations", 2): expectations[parts[1]] = value
        case ("tags", 2): tags[parts[1]] = value.interpolated
        case _: inputs[key] = value
        }
    }

    /// By this two records are one.
    var key: String {
        Value.object(inputs).canonicalJSON
    }

    /// What drover writes on the record, for the mark.
    var mark: String {
        Value.object([
            "expectations": .array(expectations.keys.sorted().map(Value.string)),
            "tags": .array(tags.keys.sorted().map(Value.string)),
        ]).canonicalJSON
    }

    /// As it is sent; marked when it is ours.
    func json(isOurs: Bool) -> Value {
        var tags = tags
        if isOurs { tags[Self.markTag] = mark }
        return [
            "inputs": .object(inputs), "expectations": .object(expectations),
            "tags": .object(tags.mapValues(Value.string)),
        ]
    }
}

extension [DatasetRecord] {
    /// Equal records in whatever order, equal digests.
    var digest: String {
        let sorted = map { $0.json(isOurs: true).canonicalJSON }.sorted()
        return String(sha256Hex(sorted.joined(separator: "\n").utf8).prefix(16))
    }
}

extension MLflowDatasetRecord {
    var key: String {
        Value.object(inputs).canonicalJSON
    }

    /// What drover wrote on it, in a dataset that is ours: also on one that was kept for a while.
    var mark: String? {
        tags[DatasetRecord.markTag] ?? tags[Mark.retainedKey]
    }

    var isOurs: Bool {
        mark != nil
    }

    /// Whether it holds all that is wanted, and nothing of ours that is not.
    func holds(_ wanted: DatasetRecord) -> Bool {
        wanted.expectations.allSatisfy { expectations[$0.key] == $0.value }
            && wanted.tags.allSatisfy { tags[$0.key] == $0.value } && past(wanted).isEmpty
            && (!isOurs || mark == wanted.mark)
    }

    /// What drover wrote on it and is not wanted any more: `expectations.NAME`, `tags.NAME`.
    func past(_ wanted: DatasetRecord) -> [String] {
        // A mark that somebody changed says nothing.
        guard let mark = mark.flatMap({ try? Value(json: $0.utf8) }) else { return [] }
        let expected = (mark["expectations"]?.array ?? []).compactMap(\.string)
            .filter { wanted.expectations[$0] == nil && expectations[$0] != nil }
        let tagged = (mark["tags"]?.array ?? []).compactMap(\.string).filter {
            wanted.tags[$0] == nil && tags[$0] != nil
        }
        return expected.map { "expectations.\($0)" } + tagged.map { "tags.\($0)" }
    }

    /// What is wanted, with what others wrote on the record.
    func merged(with wanted: DatasetRecord) -> DatasetRecord {
        let past = Set(past(wanted))
        var merged = wanted
        merged.expectations.merge(expectations.filter { !past.contains("expectations.\($0.key)") }) { own, _ in own }
        let own = [DatasetRecord.markTag, Mark.retainedKey]
        let others = tags.filter { !own.contains($0.key) && !past.contains("tags.\($0.key)") }
        merged.tags.merge(others) { own, _ in own }
        return merged
    }
}
