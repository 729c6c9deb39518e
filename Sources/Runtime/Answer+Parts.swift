extension Answer {
    /// This answer and `next` as parts of one turn: the later status, the text of both, the calls of both in order, the
    /// passages of both with the best first, and the usage of both (nil when one of them is unknown).
    func followed(by next: Answer) -> Answer {
        var whole = next
        whole.text = [text, next.text].filter { !$0.isEmpty }.joined(separator: "\n")
        whole.hasMessage = hasMessage || next.hasMessage
        whole.toolCalls = toolCalls + next.toolCalls
        whole.retrieved = (retrieved + next.retrieved).bestFirst
        whole.cited = cited + next.cited.filter { !cited.contains($0) }
        whole.tellsSources = tellsSources && next.tellsSources
        whole.tellsCitations = tellsCitations && next.tellsCitations
        whole.unnamedSources = unnamedSources ?? next.unnamedSources
        whole.tellsToolErrors = tellsToolErrors && next.tellsToolErrors
        whole.refuses = refuses == true || next.refuses == true ? true : refuses.flatMap { _ in next.refuses }
        whole.usage = Usage.sum(usage, next.usage)
        whole.steps = steps.flatMap { steps in next.steps.map { steps + $0 } }
        whole.timeToFirstToken = timeToFirstToken ?? next.timeToFirstToken
        let streamed = [streamedText, next.streamedText].compactMap { $0 }
        whole.streamedText =
            streamed.count < 2 ? nil : streamed.filter { !$0.isEmpty }.joined(separator: "\n")
        whole.isCut = isCut || next.isCut
        whole.fallback = fallback ?? next.fallback
        return whole
    }

    /// Adds calls that were executed here, with the usage of the agents that were asked.
    mutating func add(_ results: [LocalTools.Result]) {
        toolCalls += results.map(\.call)
        for case let answer? in results.map(\.answer) { usage = Usage.sum(usage, answer.usage) }
    }
}

extension [Answer.Passage] {
    /// By their scores, whichever search found them; equal ones in their order, and those without a score last.
    var bestFirst: [Answer.Passage] {
        enumerated()
            .sorted { ($1.element.score ?? -.infinity, $0.offset) < ($0.element.score ?? -.infinity, $1.offset) }
            .map(\.element)
    }
}

extension Answer.Usage {
    /// Nil when one of both is unknown, because the sum would be too low.
    static func sum(_ left: Answer.Usage?, _ right: Answer.Usage?) -> Answer.Usage? {
        guard let left, let right else { return nil }
        var sum = Answer.Usage(input: left.input + right.input, output: left.output + right.output)
        sum.cached = left.cached + right.cached
        sum.reasoning = left.reasoning + right.reasoning
        return sum
    }
}
