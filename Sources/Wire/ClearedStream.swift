/// Removes secrets from text that arrives in chunks: an end that may be the beginning of a secret is held back until
/// more arrives.
package struct ClearedStream: Sendable {
    private let sent: SentSecrets
    private var held: [UInt8] = []

    package init(_ sent: SentSecrets) {
        self.sent = sent
    }

    /// Adds a chunk, and returns the text that can be shown and was not returned before.
    package mutating func next(_ piece: String) -> String {
        let needles = sent.needles
        if held.isEmpty, !needles.mayBegin(in: piece) { return piece }
        let isAlone = held.isEmpty
        held += piece.utf8
        let cleared = needles.replaced(in: held, by: SentSecrets.mark)
        let known = cleared ?? held
        let open = needles.openEnd(of: known)
        held = Array(known.suffix(open))
        if isAlone, cleared == nil, open == 0 { return piece }
        return String(decoding: known.dropLast(open), as: UTF8.self)
    }

    /// The remaining text, once the stream has ended.
    package mutating func end() -> String {
        defer { held = [] }
        return String(decoding: held, as: UTF8.self)
    }
}
