package import Engine
package import Language

/// A judge: a model that says whether an answer meets a rubric.
///
///     judges:
///       grounded: {model: chat, rubric: {file: rubrics/grounded.md}, votes: 3}
package struct JudgeSpec: DeclaredSpec {
    package static let noun = "a judge"
    /// The section of judges, which are declared and used by suites, not reconciled.
    package static let section = Section(
        "judges", JudgeSpec.self, role: .declared, "Models that judge answers by a rubric.")

    private static let modelKey = Key<Located<String>>(
        "model", .name(of: "models", orID: true), required: true, example: "chat",
        "The model: a declared model's name, or a server's id.")
    private static let rubricKey = Key<Rubric>(
        "rubric", Rubric.reading, required: true, example: "Every claim stands in the cited documents.",
        "What it judges by: text, or `{file: PATH}`.")
    private static let votesKey = Key<Int>(
        "votes", .integer(minimum: 1, maximum: 99), default: "1", "How often it is asked; the majority counts.")
    private static let scaleKey = Key<Int>(
        "scale", .integer(minimum: 2, maximum: 100), example: "5",
        "The best mark, when it gives marks from 1 instead of yes or no.")
    package static let fields =
        Common.fields + [modelKey.field, rubricKey.field, votesKey.field, scaleKey.field]

    package let common: Common
    let model: Located<String>
    let rubric: Rubric
    let votes: Int
    let scale: Int?

    package init(from fields: inout Fields) {
        common = Common(from: &fields)
        let missing = Located("", at: fields.node.range)
        model = fields.require(Self.modelKey, else: missing)
        rubric = fields.require(Self.rubricKey, else: .text(""))
        votes = fields.read(Self.votesKey) ?? 1
        scale = fields.read(Self.scaleKey)
    }

    package var uses: [Use] { [Use("models", model, orID: true)] }

    package var awaited: [Awaited] { [.whole("judge")] }

    package func problems(in folder: SpecFolder) -> [Diagnostic] {
        guard case .file(let path) = rubric else { return [] }
        return folder.problems(withText: path)
    }
}

/// The rubric of a judge.
enum Rubric: Sendable {
    case text(String)
    case file(Located<String>)

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
