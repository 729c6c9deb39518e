package import Engine
package import Language

/// An evaluation dataset of MLflow.
///
///     datasets:
///       refunds: {file: cases/refunds.jsonl, experiment: helpdesk}
package struct DatasetSpec: DeclaredSpec {
    package static let kind = "datasets"
    package static let noun = "a dataset"
    private static let fileKey = Key<Located<String>>(
        "file", Reading.path.checked(endingIn: [".csv", ".jsonl"]), example: "cases/refunds.jsonl",
        "A CSV file whose first line names the columns, or a JSON Lines file of objects.")
    private static let recordsKey = Key<[Value]>(
        "records", .list(.map, minimum: 1), example: "[{question: What is the refund window?}]",
        "The records themselves, as maps.")
    private static let experimentKey = Key<Located<String>>(
        "experiment", .name(of: ExperimentResource.kind), required: true, example: "helpdesk",
        "The declared experiment that it belongs to.")
    private static let tagsKey = Key<[Entry<String>]>(
        "tags", .map(.text), example: "{team: support}", "Tags of the dataset.")
    package static let fields =
        Common.fields + [fileKey.field, recordsKey.field, experimentKey.field, tagsKey.field]
    package static let rules = [FieldRule.exactlyOne(["file", "records"])]

    package let common: Common
    let file: Located<String>?
    let records: [Value]?
    let experiment: Located<String>
    let tags: [String: String]

    package init(from fields: inout Fields) {
        common = Common(from: &fields)
        file = fields.read(Self.fileKey)
        records = fields.read(Self.recordsKey)
        let missing = Located("", at: fields.node.range)
        experiment = fields.require(Self.experimentKey, else: missing)
        tags = (fields.read(Self.tagsKey) ?? []).dictionary
    }

    package var uses: [Use] { experiment.uses(ExperimentResource.kind) }

    package var awaited: [Awaited] { [.whole("dataset")] }

    package func problems(in folder: SpecFolder) -> [Diagnostic] {
        file.map(folder.problems(withText:)) ?? []
    }
}

extension Reading where Value == Located<String> {
    /// A path whose name ends in one of these; case does not count.
    fileprivate func checked(endingIn endings: [String]) -> Reading {
        map { path, _, problems in
            guard !endings.contains(where: { path.value.lowercased().hasSuffix($0) }) else { return path }
            problems.report(
                Diagnostic(
                    "unknown-table", "Unknown kind of table",
                    detail:
                        "The name of `\(path.value)` does not end in \(endings.map { "`\($0)`" }.joined(separator: " or ")).",
                    fix: "Use a CSV or a JSON Lines file.",
                    at: path.range))
            return nil
        }
    }
}

extension Located<String> {
    /// The use of a declared thing that a required field names; none where the field is missing, and reported.
    func uses(_ kind: String, orID: Bool = false) -> [Use] {
        value.isEmpty ? [] : [Use(kind, self, orID: orID)]
    }
}
