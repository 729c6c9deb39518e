/// Picks the sentence of retrieved passages that best matches a question, by shared words.
enum BestSentence {
    struct Found: Sendable, Hashable {
        let sentence: String
        let citation: String?

        /// The sentence with its citation before the full stop, as OGX expects it.
        var cited: String {
            guard let citation else { return sentence }
            guard let last = sentence.last, ".!?".contains(last) else { return "\(sentence) \(citation)" }
            return "\(sentence.dropLast()) \(citation)\(last)"
        }
    }

    /// The sentence that shares most content words with the question; nil when none shares any.
    ///
    /// Words elsewhere in the passage count a little, so that a heading helps its sentences; of equally good ones the
    /// first wins, which is in the passage that the search ranked highest.
    static func find(for question: String, in passages: [ToolResult.Passage]) -> Found? {
        let wanted = Set(Words.stems(of: question))
        var best: (score: Double, found: Found)?
        for passage in passages {
            let around = Double(wanted.intersection(Words.stems(of: passage.text)).count)
            for sentence in sentences(of: passage.text) {
                let shared = Double(wanted.intersection(Words.stems(of: sentence)).count)
                guard shared > 0 else { continue }
                let score = shared + around * 0.1
                guard score > best?.score ?? 0 else { continue }
                best = (score, Found(sentence: sentence, citation: passage.citation))
            }
        }
        return best?.found
    }

    /// The sentences of Markdown: headings are skipped, a list entry is one, lines of a paragraph are joined.
    static func sentences(of text: String) -> [String] {
        var sentences: [String] = []
        var paragraph = ""
        func finish() {
            sentences += split(paragraph)
            paragraph = ""
        }
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            let trimmed = String(line).trimmed
            let startsAnew =
                trimmed.isEmpty || trimmed.hasPrefix("#") || trimmed.hasPrefix("- ") || trimmed.hasPrefix("* ")
            if startsAnew { finish() }
            guard !trimmed.hasPrefix("#") else { continue }
            let content = startsAnew ? String(trimmed.drop { "-* ".contains($0) }) : trimmed
            paragraph += paragraph.isEmpty ? content : " \(content)"
        }
        finish()
        return sentences
    }

    /// Splits after `.`, `!` and `?` when white space and a capital letter or a number follow.
    private static func split(_ paragraph: String) -> [String] {
        var sentences: [String] = []
        var start = paragraph.startIndex
        for match in paragraph.matches(of: /[.!?]\s+(?=[A-Z0-9])/) {
            sentences.append(String(paragraph[start..<match.range.upperBound]).trimmed)
            start = match.range.upperBound
        }
        let rest = String(paragraph[start...]).trimmed
        return rest.isEmpty ? sentences : sentences + [rest]
    }
}
