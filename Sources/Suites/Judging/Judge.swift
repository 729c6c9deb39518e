package import Language
import Runtime

/// A declared judge, ready to be asked.
package struct Judge: Sendable, Hashable {
    /// The number of the way in which judges are asked; a new one makes every calibration one of another judge.
    private static let format = 1

    /// The declared name.
    package let name: String
    /// The server's id of its model.
    package let model: String
    package let rubric: String
    /// How often it is asked about one answer.
    package let votes: Int
    /// The best mark, when it gives marks from 1.
    package let scale: Int?
    /// The least agreement of its votes, and with the labels that it was calibrated by.
    package let minAgreement: Double?
    /// Where it is declared.
    package let range: SourceRange
    /// How it did on labelled answers; nil when that was never tried with exactly this judge.
    package var calibration: Calibration?

    package init(
        name: String, model: String, rubric: String, votes: Int = 1, scale: Int? = nil, minAgreement: Double? = nil,
        range: SourceRange, calibration: Calibration? = nil
    ) {
        self.name = name
        self.model = model
        self.rubric = rubric
        self.votes = votes
        self.scale = scale
        self.minAgreement = minAgreement
        self.range = range
        self.calibration = calibration
    }

    /// The same for judges that judge alike: SHA-256 of model, rubric, votes and scale.
    package var digest: String {
        let fields: Value = [
            "format": .integer(Self.format), "model": .string(model), "rubric": .string(rubric),
            "votes": .integer(votes), "scale": scale.map { .integer($0) } ?? .null,
        ]
        return sha256Hex(fields.canonicalJSON.utf8)
    }

    /// The least mark that passes where an expectation names none: above the middle. Nil without marks.
    package var passMark: Int? {
        scale.map(Self.passMark(ofScale:))
    }

    static func passMark(ofScale scale: Int) -> Int {
        (1 + scale) / 2 + 1
    }

    /// The judge as an agent: chat completions at temperature 0.
    ///
    /// - Parameter vote: From 1; several votes have seeds of their own, so that nothing between here and the model answers
    ///   them all at once.
    func definition(vote: Int) -> AgentDefinition {
        AgentDefinition(
            name: "judges.\(name)", model: model, instructions: JudgePrompt.instructions(of: self),
            sampling: AgentDefinition.Sampling(temperature: 0, seed: votes > 1 ? vote : nil), maxSteps: 1,
            runtime: .chat)
    }
}
