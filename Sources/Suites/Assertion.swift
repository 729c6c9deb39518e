package import Language
package import Runtime

/// One claim about an answer, as `expect:` lists them: `{contains: 30 days}`.
///
/// A conformer is one file in `Assertions/` and one line in `Assertions/All.swift`. Evaluation is pure: equal
/// observations give equal results.
package protocol Assertion: Sendable {
    /// The key in the spec, and how to read its operand.
    static var key: Key<Self> { get }

    /// What a passing answer does, as the predicate of a sentence that starts with "The answer": `contains …`.
    var claim: String { get }

    /// The expectations of a group; empty for all other assertions.
    var parts: [Expectation] { get }

    /// The declared judges that it asks, without those of its parts.
    var judges: [Located<String>] { get }

    /// What must be asked before it can be evaluated, without that of its parts.
    var inquiries: [Inquiry] { get }

    /// Whether more than some microseconds may pass until it is evaluated, even with a short answer: a pattern may backtrack.
    var mayTakeLong: Bool { get }

    /// Evaluates one turn.
    /// - Throws: `Unobservable` when the server does not provide what the claim is about.
    func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult
}

extension Assertion {
    /// The shape of the operand, for schemas and `drover explain`.
    package static var field: Field { key.field }

    package var parts: [Expectation] { [] }

    package var judges: [Located<String>] { [] }

    package var inquiries: [Inquiry] { [] }

    package var mayTakeLong: Bool { parts.contains(where: \.mayTakeLong) }
}

/// The input of an assertion: the answer of one turn, and what was asked about it.
package struct Observation: Sendable {
    package var answer: Answer
    /// Whether text is compared exactly as it came.
    private(set) var isRaw = false
    private let feedback: FeedbackByInquiry

    package init(_ answer: Answer, _ feedback: FeedbackByInquiry = [:]) {
        self.answer = answer
        self.feedback = feedback
    }

    /// What an inquiry found out.
    /// - Throws: Why it found nothing out.
    func feedback(of inquiry: Inquiry) throws(Unobservable) -> Feedback {
        guard let found = feedback[inquiry] else { throw .notAsked }
        return try found.get()
    }

    /// The same, with text compared exactly as it came.
    var raw: Observation {
        var raw = self
        raw.isRaw = true
        return raw
    }

    /// What the agent said, as it is compared.
    var text: ComparedText {
        isRaw ? ComparedText(exactly: answer.text) : ComparedText(answer.text)
    }

    /// The same without white space at either end, unless it is compared exactly.
    var trimmedText: ComparedText {
        isRaw ? text : text.trimmed
    }

    /// What a spec expects, as it is compared.
    func expected(_ text: String) -> ComparedText {
        isRaw ? ComparedText(exactly: text) : ComparedText(expected: text)
    }

    /// What a spec expects as the whole text.
    func expectedWhole(_ text: String) -> ComparedText {
        isRaw ? ComparedText(exactly: text) : ComparedText(text).trimmed
    }

    /// The first match of a pattern in what the agent said.
    /// - Throws: When the search takes too long.
    func firstMatch(of pattern: Pattern) throws(Unobservable) -> [String?]? {
        isRaw ? try pattern.firstMatch(in: answer.text) : try pattern.firstMatch(inAnswer: answer.text)
    }

    /// All calls that the model asked for, in order: also those that are left to the caller, with which a turn ends.
    var calls: [Answer.ToolCall] { answer.toolCalls + answer.pendingCalls }
}

/// The result of an assertion.
package enum AssertionResult: Sendable, Hashable {
    case passed
    case failed(Mismatch)
}

/// How an answer differs from what was expected.
package struct Mismatch: Sendable, Hashable {
    /// One full sentence: what the answer did or did not do.
    package var reason: String
    package var expected: String?
    package var actual: String?
    /// The mismatches in the parts of a group, each with its place, and what is hard to see.
    package var notes: [Diagnostic.Note]

    package init(_ reason: String, expected: String? = nil, actual: String? = nil, notes: [Diagnostic.Note] = []) {
        self.reason = reason
        self.expected = expected
        self.actual = actual
        self.notes = notes
    }
}

/// The server does not provide what an assertion is about: an error of the test, neither a pass nor a failure.
package struct Unobservable: Error, Sendable, Hashable {
    /// One full sentence: what is unknown.
    package let reason: String

    package init(_ reason: String) {
        self.reason = reason
    }
}

extension Unobservable {
    /// Nobody asked what an assertion needs.
    static let notAsked = Unobservable("What this is about was not asked. This is a bug in drover.")
}

extension AssertionResult {
    /// Passes when the claim holds, else fails with the mismatch.
    static func passing(_ holds: Bool, else mismatch: @autoclosure () -> Mismatch) -> AssertionResult {
        guard !holds else { return .passed }
        var mismatch = mismatch()
        if let expected = mismatch.expected, let actual = mismatch.actual,
            let note = LookAlikes.note(expected, actual)
        {
            mismatch.notes.append(note)
        }
        return .failed(mismatch)
    }
}
