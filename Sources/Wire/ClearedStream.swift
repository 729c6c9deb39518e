/// Text that arrives in pieces, without the secrets: what may be the beginning of one is held back until it is known.
package struct ClearedStream: Sendable {
    private let sent: SentSecrets
    private var held: [UInt8] = []

    package init(_ sent: SentSecrets) {
        self.sent = sent
    }

    /// What can be shown of the text up to this piece, and was not yet.
    package mutating func next(_ piece: String) -> String {
        held += Array(piece.utf8)
        let known = Array(sent.cleared(String(decoding: held, as: UTF8.self)).utf8)
        let open = sent.openEnd(of: known)
        held = Array(known.suffix(open))
        return String(decoding: known.dropLast(open), as: UTF8.self)
    }

    /// The rest, when no more comes.
    package mutating func end() -> String {
        defer { held = [] }
        return String(decoding: held, as: UTF8.self)
    }
}
