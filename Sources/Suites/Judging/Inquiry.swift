package import Language

/// Something that is asked between an answer and its evaluation, because the answer alone does not tell it.
package enum Inquiry: Sendable, Hashable {
    /// What a declared judge says. `atLeast` is the least mark that passes, of a judge that gives marks.
    case judge(String, atLeast: Int? = nil)
    /// How near the answer's text is to another.
    case similarity(SimilarityQuestion)
    /// What a program says.
    case program(ProgramQuestion)
}

/// A text that an answer is compared with by what both mean.
package struct SimilarityQuestion: Sendable, Hashable {
    package let text: String
    /// The embedding model as the spec names it; nil for the only one that the stack declares.
    package let model: String?
    /// Whether the answer's text is taken exactly as it came.
    package var isRaw = false
    /// Where it is asked. The same question at another place is asked once.
    package let place: SourceRange

    package init(_ text: String, model: String? = nil, at place: SourceRange) {
        self.text = text
        self.model = model
        self.place = place
    }

    package static func == (one: Self, other: Self) -> Bool {
        one.text == other.text && one.model == other.model && one.isRaw == other.isRaw
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(text)
        hasher.combine(model)
        hasher.combine(isRaw)
    }
}

/// A program that judges answers, and how long it may take.
package struct ProgramQuestion: Sendable, Hashable {
    /// The program and its arguments, at the place that its folder is known by.
    package let command: Located<[String]>
    /// Where the program itself is named.
    package let place: SourceRange
    package let timeout: Duration

    /// - Parameter words: The program and its arguments.
    init(_ words: Located<[Located<String>]>, timeout: Duration) {
        command = Located(words.value.map(\.value), at: words.range)
        place = words.value.first?.range ?? words.range
        self.timeout = timeout
    }

    /// The program, as it is named.
    package var program: Located<String> {
        Located(command.value.first ?? "", at: place)
    }
}

/// What an inquiry found out about an answer. MLflow calls the same feedback.
package enum Feedback: Sendable, Hashable {
    case ballot(Ballot)
    /// The cosine of both vectors.
    case similarity(Double)
    case program(ProgramVerdict)
}

/// What was found out about one answer, or why it could not be.
package typealias FeedbackByInquiry = [Inquiry: Result<Feedback, Unobservable>]

/// What a program says of an answer: `{"pass": false, "reason": "…", "score": 0.2}`.
package struct ProgramVerdict: Sendable, Hashable {
    package let passes: Bool
    package let reason: String?
    package let score: Double?

    package init(passes: Bool, reason: String? = nil, score: Double? = nil) {
        self.passes = passes
        self.reason = reason
        self.score = score
    }
}

extension Inquiry {
    /// The program that it runs; nil when it runs none.
    var program: ProgramQuestion? {
        guard case .program(let question) = self else { return nil }
        return question
    }

    /// The question about a likeness that it is; nil when it is another.
    var similarity: SimilarityQuestion? {
        guard case .similarity(let question) = self else { return nil }
        return question
    }

    /// Whether a model is asked.
    var asksModel: Bool { program == nil }

    /// The same about the answer's text exactly as it came.
    var raw: Inquiry {
        guard case .similarity(var question) = self else { return self }
        question.isRaw = true
        return .similarity(question)
    }
}
