package import Engine
package import Language

/// A judge: a model that says whether an answer meets a rubric.
///
///     judges:
///       grounded: {model: chat, rubric: {file: rubrics/grounded.md}, votes: 3, labels: {file: labels/grounded.csv}}
package struct JudgeSpec: DeclaredSpec {
    package static let noun = "a judge"
    /// The section of judges, which are declared and used by suites, not reconciled.
    package static let section = Section(
        "judges", JudgeSpec.self, role: .declared, "Models that judge answers by a rubric.")

    private static let modelKey = Key<Located<String>>(
        "model", .model, required: true, example: "chat",
        "The model: a declared model's name, or a server's id.")
    private static let rubricKey = Key<Rubric>(
        "rubric", Rubric.reading, required: true, example: "Every claim stands in the cited documents.",
        "What it judges by: text, or `{file: PATH}`.")
    private static let votesKey = Key<Int>(
        "votes", .integer(minimum: 1, maximum: 99), default: "1", "How often it is asked; the majority counts.")
    private static let scaleKey = Key<Int>(
        "scale", .integer(minimum: 2, maximum: 100), example: "5",
        "The best mark, when it gives marks from 1 instead of yes or no.")
    private static let labelsKey = Key<LabelsFile>(
        "labels", .object(), example: "{file: labels/grounded.csv}",
        "Answers that people judged, which `judge calibrate` compares it with.")
    private static let minAgreementKey = Key<Double>(
        "minAgreement", .number(minimum: 0, maximum: 1), example: "0.8",
        "The least share of votes, and of labels, that must agree: below it an answer is inconclusive, and the judge may not "
            + "gate.")
    package static let fields =
        Common.fields + [
            modelKey.field, rubricKey.field, votesKey.field, scaleKey.field, labelsKey.field, minAgreementKey.field,
        ]

    package let common: Common
    let model: Located<String>
    let rubric: Rubric
    let votes: Int
    let scale: Int?
    /// The file of labelled answers.
    package let labels: Located<String>?
    let minAgreement: Double?

    package init(from fields: inout Fields) {
        common = Common(from: &fields)
        let missing = Located("", at: fields.node.range)
        model = fields.require(Self.modelKey, else: missing)
        rubric = fields.require(Self.rubricKey, else: .text(""))
        votes = fields.read(Self.votesKey) ?? 1
        scale = fields.read(Self.scaleKey)
        labels = fields.read(Self.labelsKey)?.path
        minAgreement = fields.read(Self.minAgreementKey)
    }

    package var uses: [Use] { [Use("models", model, orID: true)] }

    package func problems(in folder: SpecFolder) -> [Diagnostic] {
        let rubric = rubric.file.map { folder.problems(withText: $0) } ?? []
        guard let labels, !labels.value.isEmpty else { return rubric }
        do throws(Diagnostics) {
            _ = try Labels.read(labels, in: folder)
            return rubric
        } catch {
            return rubric + error.all
        }
    }
}

/// The rubric of a judge.
enum Rubric: Sendable {
    case text(String)
    case file(Located<String>)

    var file: Located<String>? {
        switch self {
        case .text: nil
        case .file(let path): path
        }
    }

    /// The text, read from its file.
    func text(in folder: SpecFolder) throws(Diagnostic) -> String {
        switch self {
        case .text(let text): text
        case .file(let path): try folder.text(of: path)
        }
    }

    static let reading = Reading<Rubric>.either(
        [
            Reading<String>.someText.map { text, _, _ in .text(text) },
            Reading<RubricFile>.object().map { file, _, _ in .file(file.path) },
        ], expected: "text, or a map with `file`")
}

/// `{file: PATH}`: a rubric in a file of its own.
struct RubricFile: SpecDecodable {
    static let noun = "a rubric"
    private static let fileKey = Key<Located<String>>(
        "file", .path, required: true, example: "rubrics/grounded.md", "The file that holds the text.")
    static let fields = [fileKey.field]

    let path: Located<String>

    init(from fields: inout Fields) {
        let missing = Located("", at: fields.node.range)
        path = fields.require(Self.fileKey, else: missing)
    }
}

/// `{file: PATH}`: answers that people judged.
struct LabelsFile: SpecDecodable {
    static let noun = "labels"
    private static let fileKey = Key<Located<String>>(
        "file", .path, required: true, example: "labels/grounded.csv",
        "A CSV or JSON Lines file with the columns `answer` and `label` (`pass` or `fail`), and perhaps `question`.")
    static let fields = [fileKey.field]

    let path: Located<String>

    init(from fields: inout Fields) {
        let missing = Located("", at: fields.node.range)
        path = fields.require(Self.fileKey, else: missing)
    }
}

extension Workflow {
    /// All declared judges by name, ready to be asked, with what is known of how good they are.
    /// - Throws: The mistakes in the files of their rubrics.
    package func judges(in folder: SpecFolder) throws(Diagnostics) -> [String: Judge] {
        var judges: [String: Judge] = [:]
        var problems = Problems()
        for (declaration, spec) in specs(of: JudgeSpec.self) {
            let name = declaration.address.name
            do throws(Diagnostic) {
                var judge = Judge(
                    name: name, model: serverID(ofModel: spec.model), rubric: try spec.rubric.text(in: folder),
                    votes: spec.votes, scale: spec.scale, minAgreement: spec.minAgreement,
                    range: declaration.range ?? spec.model.range)
                judge.calibration = Calibration.kept(of: judge, in: folder)
                judges[name] = judge
            } catch {
                problems.report(error)
            }
        }
        guard problems.diagnostics.isEmpty else { throw Diagnostics(problems.diagnostics) }
        return judges
    }

    /// A declared model's own id on the server; what is not declared is one.
    private func serverID(ofModel name: Located<String>) -> String {
        self[Use("models", name).address]?.spec.serverID ?? name.value
    }
}
