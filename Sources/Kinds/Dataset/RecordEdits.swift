import Engine
import Language
import Wire

/// The changes to the records of a dataset.
struct RecordEdits: Sendable {
    private var added: [DatasetRecord] = []
    private var changed: [(live: MLflowDatasetRecord, wanted: DatasetRecord)] = []
    private var removed: [MLflowDatasetRecord] = []

    /// Whether this dataset allows the deletions; otherwise the dataset has to be recreated.
    private let canDelete: Bool

    /// Only records that drover created are deleted; the others get what is wanted and keep what they have.
    init(from live: [MLflowDatasetRecord], to wanted: [DatasetRecord], canDelete: Bool = true) {
        self.canDelete = canDelete
        let present = Dictionary(live.map { ($0.key, $0) }) { first, _ in first }
        for record in wanted {
            guard let found = present[record.key] else {
                added.append(record)
                continue
            }
            if !found.holds(record) { changed.append((found, record)) }
        }
        let keys = Set(wanted.map(\.key))
        removed = live.filter { $0.isOurs && !keys.contains($0.key) }
    }

    /// Whether something has to be deleted, which a server may not support.
    var needsDeletion: Bool {
        !deletions.isEmpty
    }

    /// The ids of the records to delete, permanently or to be written again: writing a record removes nothing from it.
    var deletions: [String] {
        removed.map(\.id) + changed.filter { !$0.live.past($0.wanted).isEmpty }.map(\.live.id)
    }

    /// The records that are deleted and written again, whole: with what others wrote on them.
    var rewrites: [Value] {
        changed.filter { !$0.live.past($0.wanted).isEmpty }.map { $0.live.rewritten(as: $0.wanted) }
    }

    /// The other records to write.
    var writes: [Value] {
        added.map { $0.json(isOurs: true) }
            + changed.filter { $0.live.past($0.wanted).isEmpty }.map { $0.wanted.json(isOurs: $0.live.isOurs) }
    }

    /// One line for each record, as a plan shows it.
    var changes: [FieldChange] {
        let lines =
            added.map { line($0.inputs, "added") }
            + changed.map { live, wanted in
                let past = live.past(wanted)
                return past.isEmpty
                    ? line(wanted.inputs, "changed")
                    : line(wanted.inputs, "changed, without \(past.listed)", isDeletion: true)
            } + removed.map { line($0.inputs, "removed", isDeletion: true) }
        return lines.sorted { $0.path < $1.path }
    }

    private func line(_ inputs: [String: Value], _ note: String, isDeletion: Bool = false) -> FieldChange {
        FieldChange("records.\(Self.name(inputs))", forcesReplacement: isDeletion && !canDelete, note: note)
    }

    /// The first text of the inputs, or all of them as JSON, truncated.
    private static func name(_ inputs: [String: Value]) -> String {
        let first = inputs.sorted { $0.key < $1.key }.compactMap(\.value.string).first
        let text = (first ?? Value.object(inputs).canonicalJSON).split(whereSeparator: \.isNewline).first ?? ""
        return text.count > 60 ? text.prefix(59) + "…" : String(text)
    }
}
