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
        "A CSV file whose first line names the columns, or a JSON Lines file of objects; each row is a record.")
    private static let recordsKey = Key<[Value]>(
        "records", .list(.map, minimum: 1), example: "[{question: What is the refund window?}]",
        "The records themselves: `expectations` are expected of the answer, all else is put in.")
    private static let experimentKey = Key<Located<String>>(
        "experiment", .name(of: ExperimentResource.kind), required: true, example: "helpdesk",
        "The declared experiment that it belongs to.")
    private static let tagsKey = Key<[Entry<String>]>(
        "tags", .tags(of: MLflowRules.dataset), example: "{team: support}", "Tags of the dataset.")
    private static let ignoreKey = Common.ignoreKey(.field("description"), .map("tags"))
    package static let fields =
        Common.fields + [ignoreKey.field, fileKey.field, recordsKey.field, experimentKey.field, tagsKey.field]
    package static let rules = [FieldRule.exactlyOne(["file", "records"])]

    package let common: Common
    let file: Located<String>?
    let records: [Value]?
    let experiment: Located<String>
    let tags: [String: String]

    package init(from fields: inout Fields) {
        common = Common(from: &fields, ignoring: Self.ignoreKey)
        file = fields.read(Self.fileKey)
        records = fields.read(Self.recordsKey)
        let missing = Located("", at: fields.node.range)
        experiment = fields.require(Self.experimentKey, else: missing)
        tags = (fields.read(Self.tagsKey) ?? []).dictionary
        fields.checkName(common, of: "a dataset", MLflowRules.problem(withExperimentName:))
        fields.checkDescription(common, of: MLflowRules.dataset)
    }

    package var uses: [Use] { experiment.uses(ExperimentResource.kind) }

    package func problems(in folder: SpecFolder) -> [Diagnostic] {
        do throws(Diagnostic) {
            return try read(in: folder).mistakes
        } catch {
            return [error]
        }
    }

    /// The records, read and checked.
    /// - Throws: `Diagnostic` for an unreadable file, a record without inputs, and two with the same inputs.
    func records(in folder: SpecFolder) throws(Diagnostic) -> [DatasetRecord] {
        let (records, mistakes) = try read(in: folder)
        if let first = mistakes.first { throw first }
        return records
    }

    /// The good records, and what is wrong with at most ten others.
    private func read(
        in folder: SpecFolder
    ) throws(Diagnostic) -> (records: [DatasetRecord], mistakes: [Diagnostic]) {
        let rows: [[String: Value]]
        if let file {
            rows = try Table.read(file, in: folder).map(\.values)
        } else {
            rows = (records ?? []).map { $0.object ?? [:] }
        }
        var numbers: [String: Int] = [:]
        var found: [DatasetRecord] = []
        var mistakes: [Diagnostic] = []
        for (index, row) in rows.enumerated() where mistakes.count < 10 {
            do throws(DatasetRecord.Problem) {
                let record = try DatasetRecord(row)
                if let other = numbers[record.key] {
                    mistakes.append(.sameInputs(index + 1, other, at: file?.range))
                    continue
                }
                numbers[record.key] = index + 1
                found.append(record)
            } catch {
                mistakes.append(.badRecord(index + 1, error, at: file?.range))
            }
        }
        return (found, mistakes)
    }
}

extension Diagnostic {
    fileprivate static func badRecord(
        _ number: Int, _ problem: DatasetRecord.Problem, at range: SourceRange?
    ) -> Diagnostic {
        switch problem {
        case .noInputs:
            Diagnostic(
                "record-without-inputs", "Record without inputs",
                detail: "Record \(number) of the dataset has nothing that is put in.",
                fix: "Give it a field such as `question`, beside the `expectations`.", at: range)
        case .unknown(let names):
            Diagnostic(
                "unknown-column", "Unknown column",
                detail: "Record \(number) of the dataset has `inputs`, and beside them \(names.listed), which MLflow "
                    + "would not keep.",
                fix: "Put it under `inputs`, `expectations` or `tags`, or remove it.", at: range)
        case .noMap(let name):
            Diagnostic(
                "bad-record", "Unreadable record",
                detail: "`\(name)` of record \(number) of the dataset is no map of names and values.",
                fix: "Write `\(name): {expected_response: …}`, or name the column `\(name).expected_response`.",
                at: range)
        }
    }

    fileprivate static func sameInputs(_ number: Int, _ other: Int, at range: SourceRange?) -> Diagnostic {
        Diagnostic(
            "duplicate-record", "Two records with the same inputs",
            detail:
                "Records \(other) and \(number) of the dataset have the same inputs, and MLflow keeps one record of "
                + "them.", fix: "Remove one of them, or join what they expect.", at: range)
    }
}

extension Reading where Value == Located<String> {
    /// A path whose name ends in one of these, ignoring case.
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
    /// The use of a declaration that a required field names; none when the field is missing, which is reported.
    func uses(_ kind: String, orID: Bool = false) -> [Use] {
        value.isEmpty ? [] : [Use(kind, self, orID: orID)]
    }
}
