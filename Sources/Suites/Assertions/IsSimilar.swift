package import Language
import Runtime

/// `similar: Returns are free for 30 days.`, or `similar: {text: …, atLeast: 0.9}`: the answer means about the same as a
/// text, by the cosine of their embeddings.
package struct IsSimilar: Assertion, SpecDecodable {
    package static let key = Key(
        "similar",
        .either(
            [Reading.someText.map { text, node, _ in IsSimilar(text, at: node.range) }, .object(IsSimilar.self)],
            expected: "a text, or a map with `text`"),
        example: "{text: Returns are free for 30 days., atLeast: 0.8}",
        "A text that means about the same as the answer, by an embedding model.")

    private static let text = Key(
        "text", .someText, required: true, example: "Returns are free for 30 days.", "The text to compare with.")
    private static let atLeast = Key(
        "atLeast", .number(minimum: -1, maximum: 1), default: "0.8", example: "0.8",
        "The least cosine of both embeddings; 1 is the same direction.")
    private static let model = Key(
        "model", .model, default: "the stack's only embedding model", example: "embedder",
        "The embedding model: a declared model's name, or a server's id.")
    package static let noun = "a `similar`"
    package static let fields = [text.field, atLeast.field, model.field]

    private static let standard = 0.8

    let question: SimilarityQuestion
    let atLeast: Double

    init(_ text: String, at place: SourceRange) {
        question = SimilarityQuestion(text, at: place)
        atLeast = Self.standard
    }

    package init(from fields: inout Fields) {
        question = SimilarityQuestion(
            fields.require(Self.text, else: ""), model: fields.read(Self.model)?.value, at: fields.node.range)
        atLeast = fields.read(Self.atLeast) ?? Self.standard
    }

    package var inquiries: [Inquiry] { [.similarity(question)] }

    package var claim: String { "is similar to `\(question.text)`" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        guard !observation.answer.text.isEmpty else { return .failed(mismatch("The answer is empty.", "")) }
        var asked = question
        asked.isRaw = observation.isRaw
        guard case .similarity(let cosine) = try observation.feedback(of: .similarity(asked)) else { throw .notAsked }
        return .passing(
            cosine >= atLeast,
            else: mismatch(
                "The answer's similarity is \(cosine.rounded(toPlaces: 3)), and not at least \(atLeast.plain).",
                observation.answer.text))
    }

    private func mismatch(_ reason: String, _ actual: String) -> Mismatch {
        Mismatch(reason, expected: question.text, actual: actual)
    }
}

extension Double {
    /// As text with at most so many decimal places.
    func rounded(toPlaces places: Int) -> String {
        let factor = (0..<places).reduce(1.0) { factor, _ in factor * 10 }
        return ((self * factor).rounded() / factor).plain
    }
}
