package import Language

/// One conversation, with what is expected of it.
package struct TestCase: Sendable {
    package let id: CaseID
    /// As written in the spec.
    package let name: String
    package let range: SourceRange
    /// One or more turns of one conversation.
    package var turns: [Turn]
    /// For the whole conversation.
    package var timeout: Duration
    /// The number of retries of a sample that ended in an error; a failed one is never retried.
    package var retryErrors: Int
    package var labels: [String: String]
    package var repetition: Repetition
    package var quarantine: Quarantine?
    /// As written, with the values of its row and combination.
    private let declared: Node?

    package init(
        id: CaseID, name: String, range: SourceRange, turns: [Turn], timeout: Duration = .seconds(60),
        retryErrors: Int = 0, labels: [String: String] = [:], repetition: Repetition = .once,
        quarantine: Quarantine? = nil, declared: Node? = nil
    ) {
        self.declared = declared
        self.id = id
        self.name = name
        self.range = range
        self.turns = turns
        self.timeout = timeout
        self.retryErrors = retryErrors
        self.labels = labels
        self.repetition = repetition
        self.quarantine = quarantine
    }
}

extension TestCase {
    /// Whether its verdict counts for the suite, and a sequential test finds it.
    var decidesByTest: Bool {
        repetition.test != nil && quarantine == nil
    }

    /// A digest of the case as declared, wherever it stands.
    package var digest: String {
        var bytes = Array(id.description.utf8) + [0]
        if let declared {
            var json = JSONWriter()
            json.write(declared)
            bytes += json.bytes
        } else {
            bytes += turns.flatMap { [$0.input.text] + $0.expectations.map(\.claim) }.joined(separator: "\0").utf8
        }
        return String(sha256Hex(bytes).prefix(16))
    }
}

/// A question, what is expected of its answer, and what is captured from it for later turns.
package struct Turn: Sendable {
    /// May refer to captured values: `What is the state of ${capture.ticket}?`.
    package let input: Template
    package let inputRange: SourceRange
    package let expectations: [Expectation]
    package let captures: [Capture]

    package init(
        input: Template, inputRange: SourceRange, expectations: [Expectation] = [], captures: [Capture] = []
    ) {
        self.input = input
        self.inputRange = inputRange
        self.expectations = expectations
        self.captures = captures
    }
}

/// Until a day, the case runs but does not count.
package struct Quarantine: Sendable, Hashable {
    /// The last day that it holds.
    package let until: CalendarDay
    package let reason: String
    /// Where the day was written.
    package let range: SourceRange

    package init(until: CalendarDay, reason: String, range: SourceRange) {
        self.until = until
        self.reason = reason
        self.range = range
    }
}
