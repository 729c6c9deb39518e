/// Texts that are cut where a server cuts or refuses longer ones.
enum Preview {
    /// The beginning of a text with at most so many Unicode scalars, `…` at the end when something is missing. A character
    /// that is made of several scalars is never cut apart.
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
