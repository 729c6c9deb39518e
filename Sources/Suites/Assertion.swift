package import Language
package import Runtime

/// One claim about an answer, as `expect:` lists them: `{contains: 30 days}`.
///
/// A conformer is one file in `Assertions/` and one line in `Assertions/All.swift`. Evaluation is pure: equal
/// observations give equal results.
package protocol Assertion: Sendable {
    /// The key in the spec with the way to read its operand.
    static var key: Key<Self> { get }

    /// What an answer that passes does, as the end of a sentence that begins with "The answer": `contains …`.
    var claim: String { get }

    /// The expectations that a group is made of; none for everything else.
    var parts: [Expectation] { get }

    /// The declared judges that it asks, those of its parts apart.
    var judges: [Located<String>] { get }

    /// Judges one turn.
    /// - Throws: `Unobservable` when the server did not tell what the claim is about: nothing is known then.
    func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult
}

extension Assertion {
    /// The shape of the operand, for schemas and `drover explain`.
    package static var field: Field { key.field }

    package var parts: [Expectation] { [] }

    package var judges: [Located<String>] { [] }
}

/// What an assertion looks at: the answer of one turn.
package struct Observation: Sendable {
    package var answer: Answer

    package init(_ answer: Answer) {
        self.answer = answer
    }
}

/// What an assertion found.
package enum AssertionResult: Sendable, Hashable {
    case passed
    case failed(Mismatch)
}

/// How an answer differs from what was wanted.
package struct Mismatch: Sendable, Hashable {
    /// One full sentence: what the answer did, or failed to do.
    package var reason: String
    package var expected: String?
    package var actual: String?
    /// What is wrong in the parts of a group, each with its place.
    package var notes: [Diagnostic.Note]

    package init(_ reason: String, expected: String? = nil, actual: String? = nil, notes: [Diagnostic.Note] = []) {
        self.reason = reason
        self.expected = expected
        self.actual = actual
        self.notes = notes
    }
}

/// The server did not tell what an assertion is about: an error of the test, never a pass and never a failure.
package struct Unobservable: Error, Sendable, Hashable {
    /// One full sentence: what is not known.
    package let reason: String

    package init(_ reason: String) {
        self.reason = reason
    }
}

extension AssertionResult {
    /// Passes when the claim holds, else fails with the mismatch.
    static func passing(_ holds: Bool, else mismatch: @autoclosure () -> Mismatch) -> AssertionResult {
        holds ? .passed : .failed(mismatch())
    }
}
