package import Language
import Runtime

/// `judge: grounded`: a declared judge finds that the answer meets its rubric.
package struct Judgement: Assertion {
    package static let key = Key(
        "judge", Reading.name(of: "judges").map { name, _, _ in Judgement(name) }, example: "grounded",
        "The declared judge that must find the answer good.")

    package let judges: [Located<String>]

    init(_ judge: Located<String>) {
        judges = [judge]
    }

    package var claim: String { "is good by the judge \(judges.map(\.value).listed)" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        throw Unobservable("This version of drover does not ask judges.")
    }
}
