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
        if held.isEmpty, !sent.mayBegin(in: piece) { return piece }
        held += Array(piece.utf8)
        let known = Array(sent.cleared(String(decoding: held, as: UTF8.self)).utf8)
        let open = sent.openEnd(of: known)
        held = Array(known.suffix(open))
        return String(decoding: known.dropLast(open), as: UTF8.self)
    }

    /// The remaining text, once the stream has ended.
    package mutating func end() -> String {
        defer { held = [] }
        return String(decoding: held, as: UTF8.self)
    }
}
