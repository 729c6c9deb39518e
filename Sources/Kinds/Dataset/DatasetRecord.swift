import Language
import Wire

/// A record of a declared dataset: the inputs, and the expectations for the answer.
///
/// A row of a table, or a record in the spec, is either in MLflow's own form, `{inputs, expectations, tags}`, or flat:
/// everything is input but the maps `expectations` and `tags`, and what is named `expectations.NAME` and `tags.NAME`.
///
///     question,expectations.expected_response
///     What is the refund window?,30 days
struct DatasetRecord: Sendable, Hashable {
    /// The tag of a record that drover created, with what drover wrote on it: `{"expectations": ["expected_response"],
    /// "tags": []}`.
    static let markTag = "drover.record"

    var inputs: [String: Value] = [:]
    var expectations: [String: Value] = [:]
    var tags: [String: String] = [:]

    /// Why a row is not a valid record.
    enum Problem: Error, Hashable {
        case noInputs
        /// Columns besides `inputs` that are not part of a record.
        case unknown([String])
        /// `expectations` or `tags` that are not a map.
        case noMap(String)
    }

    init(_ row: [String: Value]) throws(Problem) {
        if case .some(let value) = row["expectations"], value.object == nil, value != .null {
            throw .noMap("expectations")
        }
        let isOwnForm = row["inputs"]?.object != nil
        let unknown = row.filter { key, _ in isOwnForm && part(of: key) == nil }.keys.sorted()
        guard unknown.isEmpty else { throw .unknown(unknown) }
        for (key, value) in row { add(value, as: key) }
        guard !inputs.isEmpty else { throw .noInputs }
    }

    private enum Part: String {
        case inputs, expectations, tags
    }

    /// The part of a record that a column belongs to, and its name in it; nil for a column that names neither.
    private func part(of key: String) -> (part: Part, name: String?)? {
        let names = key.split(separator: ".", maxSplits: 1).map(String.init)
        return names.first.flatMap { Part(rawValue: $0) }.map { ($0, names.count > 1 ? names[1] : nil) }
    }

    private mutating func add(_ value: Value, as key: String) {
        switch (part(of: key)?.part, part(of: key)?.name, value.object) {
        case (.inputs, let name?, _): inputs[name] = value
        case (.expectations, let name?, _): expectations[name] = value
        case (.tags, let name?, _): tags[name] = value.interpolated
        case (.inputs, nil, let members?): inputs.merge(members) { own, _ in own }
        case (.expectations, nil, let members?): expectations.merge(members) { own, _ in own }
        case (.tags, nil, let members?): tags.merge(members.mapValues(\.interpolated)) { own, _ in own }
        case (.expectations, nil, nil): break  // Null: it expects nothing.
        case (.inputs, nil, nil), (.tags, nil, nil), (nil, _, _): inputs[key] = value
        }
    }

    /// The key by which two records are the same.
    var key: String {
        Value.object(inputs).canonicalJSON
    }

    /// The value of the mark: what drover writes on the record.
    var mark: String {
        Value.object([
            "expectations": .array(expectations.keys.sorted().map(Value.string)),
            "tags": .array(tags.keys.sorted().map(Value.string)),
        ]).canonicalJSON
    }

    /// The record in requests; marked when it is ours.
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
    /// The same for the same records in any order.
    var digest: String {
        let sorted = map { $0.json(isOurs: true).canonicalJSON }.sorted()
        return String(sha256Hex(sorted.joined(separator: "\n").utf8).prefix(16))
    }
}

extension MLflowDatasetRecord {
    var key: String {
        Value.object(inputs).canonicalJSON
    }

    /// The mark of a record in a dataset of ours, also in one that was retained for a while.
    var mark: String? {
        tags[DatasetRecord.markTag] ?? tags[Mark.retainedKey]
    }

    var isOurs: Bool {
        mark != nil
    }

    /// Whether it contains everything that is wanted, and nothing of ours that is not.
    func holds(_ wanted: DatasetRecord) -> Bool {
        wanted.expectations.allSatisfy { expectations[$0.key] == $0.value }
            && wanted.tags.allSatisfy { tags[$0.key]?.isExactly($0.value) == true } && past(wanted).isEmpty
            && (!isOurs || mark == wanted.mark)
    }

    /// What drover wrote on it and is no longer wanted: `expectations.NAME`, `tags.NAME`.
    func past(_ wanted: DatasetRecord) -> [String] {
        // A mark that was changed by others is ignored.
        guard let mark = mark.flatMap({ try? Value(json: $0.utf8) }) else { return [] }
        let expected = (mark["expectations"]?.array ?? []).compactMap(\.string)
            .filter { wanted.expectations[$0] == nil && expectations[$0] != nil }
        let tagged = (mark["tags"]?.array ?? []).compactMap(\.string).filter {
            wanted.tags[$0] == nil && tags[$0] != nil
        }
        return expected.map { "expectations.\($0)" } + tagged.map { "tags.\($0)" }
    }

    /// The wanted record in requests, with all that others wrote on this one, the recorded answer too.
    func rewritten(as wanted: DatasetRecord) -> Value {
        let past = Set(past(wanted))
        let expected = expectations.filter { !past.contains("expectations.\($0.key)") }
        let own = [DatasetRecord.markTag, Mark.retainedKey]
        let others = tags.filter { !own.contains($0.key) && !past.contains("tags.\($0.key)") }
        var tags = wanted.tags.merging(others) { own, _ in own }
        tags[DatasetRecord.markTag] = wanted.mark
        return json(expectations: wanted.expectations.merging(expected) { own, _ in own }, tags: tags)
    }

    /// The record in requests with other expectations and tags.
    func json(expectations: [String: Value], tags: [String: String]) -> Value {
        var json: [String: Value] = [
            "inputs": .object(inputs), "expectations": .object(expectations),
            "tags": .object(tags.mapValues(Value.string)),
        ]
        json["outputs"] = outputs
        return .object(json)
    }
}
