package import Language
import Synchronization

/// The secrets that were sent to a server, to be removed from its responses: a server may echo a request in its
/// message, and a tool its token in its result.
///
/// A value of at least eight characters is replaced by `[secret]` wherever it occurs, in every encoding (`Spellings`).
/// A message with a shorter one is withheld: a gap in it would reveal the secret.
package final class SentSecrets: Sendable {
    private struct State {
        var known: Set<Secret> = []
        var long = Needles()
        var short = Needles()
    }

    /// The replacement for a secret.
    package static let mark = "[secret]"
    /// The replacement for a message that contains a short secret.
    package static let withheld = "(its words are withheld: a secret of fewer than 8 characters stands in them)"
    /// Shorter secrets may occur in ordinary words by chance.
    package static let leastLength = 8

    private let state = Mutex(State())

    package init() {}

    /// Remembers a secret. Parts of a header value are secrets, too: the token after `Bearer`, the credentials and the
    /// password after `Basic`, and every text in a JSON object.
    package func add(_ secret: Secret) {
        guard !secret.revealed.isEmpty else { return }
        state.withLock { state in
            guard state.known.insert(secret).inserted else { return }
            for value in Spellings.parts(of: secret.revealed) where !value.isEmpty {
                let spellings = Spellings.all(of: value)
                if value.unicodeScalars.count >= Self.leastLength {
                    state.long.add(spellings)
                } else {
                    state.short.add(spellings)
                }
            }
        }
    }

    /// Whether nothing is removed from text that is no error message.
    var isEmpty: Bool {
        state.withLock { $0.long.isEmpty }
    }

    /// A text, such as a part of an answer, without the secrets.
    package func cleared(_ text: String) -> String {
        let long = state.withLock { $0.long }
        guard !long.isEmpty, let bytes = long.replaced(in: Array(text.utf8), by: Self.mark) else { return text }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A server's error message without the secrets; `withheld` when it contains a short one.
    package func cleared(message: String) -> String {
        let cleared = cleared(message)
        let short = state.withLock { $0.short }
        return short.stand(in: Array(cleared.utf8)) ? Self.withheld : cleared
    }

    /// JSON as text, such as a frame of a stream, without the secrets; anything else is cleared as plain text.
    package func cleared(json text: String) -> String {
        guard !state.withLock({ $0.long.isEmpty }) else { return text }
        return String(decoding: cleared(json: Array(text.utf8)), as: UTF8.self)
    }

    /// The same for the bytes of a text.
    func cleared(json bytes: [UInt8]) -> [UInt8] {
        let long = state.withLock { $0.long }
        guard !long.isEmpty else { return bytes }
        // Only text that may contain a secret is parsed: most frames do not.
        guard long.stand(in: bytes) || bytes.hasEscapedCharacter else { return bytes }
        guard let value = try? Value(json: bytes) else {
            return Array(cleared(String(decoding: bytes, as: UTF8.self)).utf8)  // Then it is text.
        }
        let without = cleared(value)
        return without == value ? bytes : Array(without.canonicalJSON.utf8)
    }

    /// JSON without the secrets in its texts; a number that is one becomes 0, so that it stays a number.
    package func cleared(_ value: Value) -> Value {
        guard !isEmpty else { return value }
        return switch value {
        case .string(let text): .string(cleared(text))
        case .array(let values): .array(values.map { cleared($0) })
        case .object(let members): .object(Dictionary(members.map { (cleared($0), cleared($1)) }) { first, _ in first })
        case .integer, .bigInteger, .number: cleared(value.canonicalJSON) == value.canonicalJSON ? value : 0
        case .null, .bool: value
        }
    }

    /// An error response without the secrets in its body.
    func cleared(_ response: HTTPResponse) -> HTTPResponse {
        var response = response
        let (long, short) = state.withLock { ($0.long, $0.short) }
        response.body = long.replaced(in: response.body, by: Self.mark) ?? response.body
        if short.stand(in: response.body) { response.body = Array(Self.withheld.utf8) }
        return response
    }

    /// What is taken out of all texts, as it is known by now.
    var needles: Needles {
        state.withLock { $0.long }
    }
}

extension [UInt8] {
    /// Whether `\u` stands in them.
    fileprivate var hasEscapedCharacter: Bool {
        withUnsafeBufferPointer { bytes in
            var start = 0
            while let mark = bytes.first(UInt8(ascii: "\\"), in: start..<bytes.count) {
                start = mark + 1
                if start < bytes.count, bytes[start] == UInt8(ascii: "u") { return true }
            }
            return false
        }
    }
}
