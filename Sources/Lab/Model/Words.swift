/// Texts as the lab's embeddings and answers use them: stems of words, without stop words.
enum Words {
    /// The stems of the content words, in order: `What are the refund windows?` is `refund`, `window`.
    static func stems(of text: String) -> [String] {
        all(in: text).filter { !common.contains($0) }.map(stem)
    }

    private static func all(in text: String) -> [String] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }

    /// A word without the most common endings: `refunded`, `refunding`, `refunds` become `refund`.
    private static func stem(_ word: String) -> String {
        guard word.count > 3, word.contains(where: \.isLetter) else { return word }
        let endings = [("ies", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""), ("e", "")]
        for (ending, replacement) in endings where word.hasSuffix(ending) && word.count - ending.count >= 3 {
            return word.dropLast(ending.count) + replacement
        }
        return word
    }

    private static let common: Set<String> = [
        "a", "about", "all", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did",
        "do",
        "does", "for", "from", "get", "had", "has", "have", "how", "i", "if", "in", "is", "it", "its", "may", "me",
        "my",
        "no", "not", "of", "on", "or", "our", "please", "s", "shall", "should", "so", "such", "tell", "than", "that",
        "the",
        "their", "them", "then", "there", "these", "they", "this", "to", "us", "was", "we", "were", "what", "when",
        "where",
        "which", "who", "why", "will", "with", "would", "you", "your",
    ]
}
