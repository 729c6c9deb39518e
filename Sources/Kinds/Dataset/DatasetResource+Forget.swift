package import Engine
import Language
import Wire

/// Datasets that are retained when their declaration leaves the spec, or when another one replaces them.
extension DatasetResource {
    /// Removes drover's mark from a dataset and, where the server can delete records, from its records.
    package func forget(_ live: Live, at address: Address, in context: ApplyContext) async throws {
        try await forgetRecords(of: live.dataset.id, at: address, in: context)
        try await Mark.takeOff(of: context.stack, with: [Live.seenTag, Live.experimentTag]) {
            try await server.setDatasetTags(live.dataset.id, [$0: $1])
        } remove: {
            try await server.deleteDatasetTag(live.dataset.id, $0)
        }
    }

    /// Notes on each record that it was retained. No server can remove a tag of a record, so each one is deleted and
    /// written again; meanwhile an intent contains them all.
    private func forgetRecords(of dataset: String, at address: Address, in context: ApplyContext) async throws {
        try await restoreRecords(of: dataset, at: address, in: context)
        let ours = try await server.records(ofDataset: dataset).filter { $0.tags[DatasetRecord.markTag] != nil }
        guard !ours.isEmpty, try await deletesRecords.value() else { return }
        try await rewrite(ours.map(\.retained), deleting: ours.map(\.id), of: dataset, at: address, in: context)
    }

    /// Deletes records and writes some of them again, which an intent contains meanwhile.
    func rewrite(
        _ records: [Value], deleting ids: [String], of dataset: String, at address: Address, in context: ApplyContext
    ) async throws {
        try await context.record.open(["dataset": .string(dataset), "records": .array(records)], for: address)
        try await server.deleteRecords(ids, ofDataset: dataset)
        try await server.putRecords(records, inDataset: dataset)
        try await context.record.close(intentOf: address)
    }

    /// Restores the records that an interrupted run had deleted and was about to write again. One that is still there
    /// stays as it is: writing it would say that it is what it was going to be, and would take nothing from it.
    func restoreRecords(of dataset: String, at address: Address, in context: ApplyContext) async throws {
        guard let intent = context.intent else { return }
        if intent["dataset"]?.string == dataset, let records = intent["records"]?.array {
            let there = try await server.records(ofDataset: dataset)
            let present = Set(there.map { Value.object($0.inputs).canonicalJSON })
            let missing = records.filter { !present.contains(($0["inputs"] ?? .null).canonicalJSON) }
            if !missing.isEmpty { try await server.putRecords(missing, inDataset: dataset) }
        }
        try await context.record.close(intentOf: address)
    }
}

extension MLflowDatasetRecord {
    /// The record as it is written when its dataset is retained.
    fileprivate var retained: Value {
        var tags = tags
        tags[Mark.retainedKey] = mark
        tags[DatasetRecord.markTag] = nil
        return json(expectations: expectations, tags: tags)
    }
}

extension Diagnostic {
    static func keptForOthers(_ dataset: MLflowDataset, _ address: Address, count: Int) -> Diagnostic {
        Diagnostic(
            "kept-for-others", "A dataset that holds records of others is kept",
            detail: "`\(address)` is made anew, and the dataset `\(dataset.name)` (\(dataset.id)) that it was holds "
                + "\(count) \(count == 1 ? "record" : "records") that drover did not make: it stays, and belongs to the stack no longer.",
            fix: "Nothing has to be done; delete it when nobody needs it.", address: address.description,
            severity: .warning)
    }
}
