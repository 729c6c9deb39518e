package import Language
import Runtime

/// `retrieves: docs/refunds.md`, or `retrieves: {documents: [docs/refunds.md], within: 3}`: documents that the search
/// brought into the prompt.
package struct Retrieves: Assertion, SpecDecodable {
    package static let key = Key(
        "retrieves",
        .either(
            [Reading.someText.map { path, _, _ in Retrieves([path]) }, .object(Retrieves.self)],
            expected: "a document's path, or a map with `documents`"),
        example: "{documents: [docs/refunds.md], within: 3}",
        "Documents that the search brought into the model's prompt.")

    private static let documents = Key(
        "documents", .list(.someText, minimum: 1), required: true, example: "[docs/refunds.md]",
        "Paths of documents that all must be found.")
    private static let within = Key(
        "within", .integer(minimum: 1), default: "all", "How many of the best passages count.")
    private static let minScore = Key("minScore", .number(), "The least score of a passage that counts.")
    package static let noun = "a `retrieves`"
    package static let fields = [documents.field, within.field, minScore.field]

    let documents: [String]
    let within: Int?
    let minScore: Double?

    init(_ documents: [String], within: Int? = nil, minScore: Double? = nil) {
        self.documents = documents
        self.within = within
        self.minScore = minScore
    }

    package init(from fields: inout Fields) {
        documents = fields.require(Self.documents, else: [])
        within = fields.read(Self.within)
        minScore = fields.read(Self.minScore)
    }

    package var claim: String { "rests on a search that found \(documents.listed)" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        let answer = observation.answer
        if let reason = answer.unnamedSources { throw .unnamed(reason) }
        guard answer.tellsSources else { throw .sources }
        let counted = answer.retrieved.prefix(within ?? .max)
        if minScore != nil, counted.contains(where: { $0.score == nil }) {
            throw Unobservable("This server does not tell the scores of the passages that it found.")
        }
        let found = counted.filter { minScore == nil || $0.score ?? 0 >= minScore ?? 0 }
        let missing = documents.filter { path in !found.contains { $0.document.isExactly(path) } }
        let actual = answer.retrieved.map { passage in
            passage.document + (passage.score.map { " (\($0))" } ?? "")
        }
        return .passing(
            missing.isEmpty,
            else: Mismatch(
                "The search did not find \(missing.listed)\(within.map { " among the best \($0)" } ?? "")"
                    + (minScore.map { " with a score of at least \($0.plain)" } ?? "") + ".",
                expected: documents.joined(separator: ", "),
                actual: actual.isEmpty ? "no passages" : actual.joined(separator: ", ")))
    }
}
