package import Language
import Runtime

/// `judge: grounded`, or `judge: {name: grounded, atLeast: 4}`: a declared judge finds that the answer meets its rubric, or
/// gives it at least this mark.
package struct Judgement: Assertion, SpecDecodable {
    package static let key = Key(
        "judge",
        .either(
            [Reading.name(of: "judges").map { name, _, _ in Judgement(name) }, .object(Judgement.self)],
            expected: "a judge's name, or a map with `name`"),
        example: "grounded", "The declared judge that must find the answer good.")

    private static let name = Key(
        "name", Reading.name(of: "judges"), required: true, example: "grounded", "The declared judge.")
    private static let atLeast = Key(
        "atLeast", .integer(minimum: 1, maximum: 100), default: "the least mark above the middle", example: "4",
        "The least mark that passes, of a judge that gives marks (`scale`).")
    package static let noun = "a `judge`"
    package static let fields = [name.field, atLeast.field]

    package let judges: [Located<String>]
    let atLeast: Int?

    init(_ judge: Located<String>, atLeast: Int? = nil) {
        judges = [judge]
        self.atLeast = atLeast
    }

    package init(from fields: inout Fields) {
        let missing = Located("", at: fields.node.range)
        judges = [fields.require(Self.name, else: missing)]
        atLeast = fields.read(Self.atLeast)
    }

    private var name: String { judges.map(\.value).joined() }

    package var inquiries: [Inquiry] { [.judge(name, atLeast: atLeast)] }

    package var claim: String {
        "is good by the judge `\(name)`\(atLeast.map { ", with a mark of at least \($0)" } ?? "")"
    }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        guard case .ballot(let ballot) = try observation.feedback(of: .judge(name, atLeast: atLeast)) else {
            throw .notAsked
        }
        let decision = try ballot.decision()
        return .passing(decision.passes, else: mismatch(ballot, decision))
    }

    private func mismatch(_ ballot: Ballot, _ decision: Ballot.Decision) -> Mismatch {
        let count = ballot.votes.count
        let share = count > 1 ? " (\(decision.reasons.count) of \(count) votes)" : ""
        let reason = decision.reasons.first.map { ": \($0)" } ?? ""
        return Mismatch(
            "The judge `\(name)` finds the answer bad\(share)\(reason)\(reason.hasSuffix(".") ? "" : ".")",
            expected: ballot.atLeast.map { "a mark of at least \($0) of \(ballot.scale ?? $0)" },
            actual: ballot.mark.map { "a mark of \($0.plain)" })
    }
}

extension Double {
    /// Without `.0` where it is whole.
    var plain: String {
        Int(exactly: self).map(String.init) ?? "\(self)"
    }
}
