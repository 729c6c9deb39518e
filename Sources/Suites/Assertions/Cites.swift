package import Language
import Runtime

/// `cites: docs/refunds.md`: the answer names this document as a source, by the path it was uploaded from.
package struct Cites: Assertion {
    package static let key = Key(
        "cites", Reading.someText.map { path, _, _ in Cites(path) }, example: "docs/refunds.md",
        "The path of a document that the answer cites.")

    let path: String

    init(_ path: String) {
        self.path = Paths.shortened(path)
    }

    package var claim: String { "cites `\(path)`" }

    package func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        let answer = observation.answer
        guard !answer.cited.contains(where: { $0.isExactly(path) }) else { return .passed }
        if let reason = answer.unnamedSources { throw .unnamed(reason) }
        guard answer.tellsCitations else { throw .citations }
        guard answer.tellsSources else { throw .sources }
        let wasRetrieved = answer.retrieved.contains { $0.document.isExactly(path) }
        return .failed(
            Mismatch(
                "The answer does not cite `\(path)`"
                    + (wasRetrieved ? ", although the search brought it up." : "."),
                expected: path, actual: answer.cited.isEmpty ? "no citations" : answer.cited.joined(separator: ", ")))
    }
}

extension Unobservable {
    /// The server says nothing of what an answer cites.
    static var citations: Unobservable {
        Unobservable(
            "This server does not tell which documents an answer cites; the Responses API of Llama Stack since 0.3 and of OGX "
                + "since 1.3 does.")
    }

    /// The server names files by ids alone, and what they are could not be read from it.
    static func unnamed(_ reason: String) -> Unobservable {
        Unobservable("The documents behind the answer could not be told by their paths. \(reason)")
    }

    /// The server says nothing of the documents behind an answer.
    static var sources: Unobservable {
        Unobservable("This server does not tell which documents an answer was made from.")
    }
}
