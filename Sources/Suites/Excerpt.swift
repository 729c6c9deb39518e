extension String {
    /// The text shortened to a length in characters: its start and end, with the number of omitted characters between. One
    /// that this would hardly make shorter stays whole, and so does an excerpt.
    package func excerpt(_ limit: Int = 400) -> String {
        let widestMark = 40
        guard count > limit + widestMark else { return self }
        let head = limit * 3 / 4
        return "\(prefix(head)) … \(count - limit) characters left out … \(suffix(limit - head))"
    }

    /// The text without leading and trailing white space.
    var trimmed: String {
        let head = drop { $0.isWhitespace }
        guard let last = head.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(head[...last])
    }
}

extension Mismatch {
    /// Whether both texts are long enough for a difference to be clearer than the texts.
    private var deservesDifference: Bool {
        guard let expected, let actual else { return false }
        return expected.contains("\n") && actual.contains("\n") && expected.count + actual.count > 120
    }

    /// Expected and actual as lines for people: the difference when both are long, else an excerpt of each.
    package var comparison: [String] {
        if deservesDifference, let expected, let actual {
            let difference = TextDifference(from: expected, to: actual)
            if difference.isThorough { return ["expected (-) and actual (+):\n" + difference.text()] }
        }
        return [expected.map { "expected: \($0.excerpt())" }, actual.map { "actual: \($0.excerpt())" }]
            .compactMap { $0 }
    }
}
