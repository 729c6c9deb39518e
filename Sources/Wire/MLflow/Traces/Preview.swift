/// Truncates texts where a server truncates or rejects longer ones.
enum Preview {
    /// The beginning of a text with at most `length` Unicode scalars, with `…` at the end when something is missing. A
    /// character of several scalars is never split.
    static func cut(_ text: String, to length: Int) -> String {
        guard text.unicodeScalars.count > length else { return text }
        var kept = ""
        var count = 1
        for character in text {
            count += character.unicodeScalars.count
            guard count <= length else { break }
            kept.append(character)
        }
        return kept + "…"
    }
}
