package import Engine
import Language
import Wire

extension DatasetResource {
    /// A dataset, and its records when they had to be read.
    package struct Live: Sendable {
        /// The tag with how the listing showed the dataset after drover had last written its records.
        static let seenTag = "drover.seen"
        /// The tag with the id of the experiment that it belongs to.
        static let experimentTag = "drover.experiment"

        var dataset: MLflowDataset
        /// nil when they are as drover left them, and as they are wanted.
        var records: [MLflowDatasetRecord]?
        /// Whether the server can delete records.
        var deletesRecords: Bool

        init(_ dataset: MLflowDataset, records: [MLflowDatasetRecord]? = nil, deletesRecords: Bool = true) {
            self.dataset = dataset
            self.records = records
            self.deletesRecords = deletesRecords
        }
    }

    /// The description is a tag in MLflow.
    package func leaving(_ left: LeftFields, of desired: Desired, as live: Live) -> Desired {
        var kept = desired
        kept.tags = left.removed(from: desired.tags, in: "tags")
        let description = desired.tags[MLflowExperiment.descriptionTag]
        kept.tags[MLflowExperiment.descriptionTag] = left.removed(from: description, in: "description")
        return kept
    }

    package func differences(
        between live: Live, and desired: Desired, since last: AppliedFields
    ) -> [FieldChange] {
        var changes: [FieldChange] = []
        if live.dataset.name != desired.name {
            changes.append(
                FieldChange(
                    "name", old: .string(live.dataset.name), new: .string(desired.name), forcesReplacement: true))
        }
        if live.dataset.tags[Live.experimentTag] != desired.experimentID {
            changes.append(
                FieldChange(
                    "experiment", old: live.dataset.tags[Live.experimentTag].map { .string($0) },
                    new: .string(desired.experimentID), forcesReplacement: true))
        }
        changes += tagChanges(live, desired, last)
        guard let records = live.records else { return changes }
        // Recreating it would lose the records of others: then the apply reports what prevents it.
        let canDelete = live.deletesRecords || !records.allSatisfy(\.isOurs)
        let edits = RecordEdits(from: records, to: desired.records, canDelete: canDelete).changes
        guard last["records"] == .string(desired.records.digest) else { return changes + edits }
        return changes
            + edits.map { edit in
                var edit = edit
                edit.cause = .drift  // They are wanted as they were applied.
                return edit
            }
    }

    func tagChanges(_ live: Live, _ desired: Desired, _ last: AppliedFields) -> [FieldChange] {
        let own = { (path: String) in path == "description" || path.hasPrefix("tags.") }
        return FieldChange.between(
            live: tagFields(live.dataset.tags), desired: tagFields(desired.tags), since: last.filter { own($0.key) })
    }

    private func tagFields(_ tags: [String: String]) -> AppliedFields {
        var fields: AppliedFields = [:]
        for (key, value) in tags {
            fields[key == MLflowExperiment.descriptionTag ? "description" : "tags.\(key)"] = .string(value)
        }
        return fields
    }

    /// `records` is the digest of those that drover wrote last, and what MLflow shows of them when they have changed
    /// since.
    package func fields(of live: Live) -> AppliedFields {
        var fields = tagFields(live.dataset.tags.filter { ![Live.seenTag, Live.experimentTag].contains($0.key) })
        fields["name"] = .string(live.dataset.name)
        fields["experiment"] = live.dataset.tags[Live.experimentTag].map { .string($0) }
        let written = live.dataset.tags[Live.seenTag]?.split(separator: " ").first.map(String.init)
        let isUntouched = written.map { live.dataset.seen(holding: $0) == live.dataset.tags[Live.seenTag] } ?? false
        fields["records"] = .string(
            isUntouched ? written ?? "" : "\(live.dataset.digest) \(live.dataset.recordCount)")
        return fields
    }

    package func fields(of desired: Desired) -> AppliedFields {
        var fields = tagFields(desired.tags)
        fields["name"] = .string(desired.name)
        fields["experiment"] = .string(desired.experimentID)
        fields["records"] = .string(desired.records.digest)
        return fields
    }

    package func creation(of desired: Desired) -> [FieldChange] {
        fields(of: desired).map { path, value in
            path == "records"
                ? FieldChange(path, note: "\(desired.records.count) of them") : FieldChange(path, new: value)
        }
    }

    package func outputs(of live: Live) -> [String: Output] {
        ["id": .string(live.dataset.id), "name": .string(live.dataset.name)]
    }
}

extension MLflowDataset {
    /// How the listing shows it while it contains records of this digest. Writing records changes MLflow's own digest,
    /// deleting some changes only the count.
    func seen(holding digest: String) -> String {
        "\(digest) \(self.digest) \(recordCount)"
    }
}
