import HTTPTypes
package import Language
import Synchronization

/// Who may ask: the callers that a file names, each with a bearer token.
///
///     # who   token
///     alice   3f0c9a…
///     ci      77b1e2…
package final class BearerTokens: Sendable {
    struct Entry: Sendable, Hashable {
        let name: String
        /// The SHA-256 of the token: all have one length, and none is kept.
        let digest: [UInt8]
    }

    private static let shortest = 16
    private let path: String
    private let entries: Mutex<[Entry]>

    /// - Throws: `Diagnostic` when the file cannot be read, or has a line that is none.
    package init(path: String) throws(Diagnostic) {
        self.path = path
        entries = Mutex(try Self.read(path))
    }

    /// What tells the file from a changed one.
    package var stamps: [FileStamp?] { [FileStamp(path)] }

    /// Reads the file again; when it cannot be used, everything stays. One that names nobody is one: then nobody may ask.
    package func reload() throws(Diagnostic) {
        let read = try Self.read(path, mayBeEmpty: true)
        entries.withLock { $0 = read }
    }

    /// Whose token a request bears; nil when it bears none of these. It takes the same time whichever token is wrong, and
    /// wherever.
    func caller(_ authorization: String?) -> String? {
        guard let parts = authorization?.split(separator: " ", maxSplits: 1), parts.count == 2,
            parts[0].lowercased() == "bearer"
        else { return nil }
        let digest = sha256(Array(parts[1].utf8))
        var found: String?
        for entry in entries.withLock({ $0 }) {
            var difference: UInt8 = 0
            for (left, right) in zip(entry.digest, digest) { difference |= left ^ right }
            if difference == 0 { found = entry.name }
        }
        return found
    }

    private static func read(_ path: String, mayBeEmpty: Bool = false) throws(Diagnostic) -> [Entry] {
        let bytes: [UInt8]
        do {
            bytes = try FileBytes.text(path, atMost: 1 << 20)
        } catch {
            throw .unusableTokens(path, "it cannot be read: \(error.reason)")
        }
        var entries: [Entry] = []
        let lines = String(decoding: bytes, as: UTF8.self).split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard let name = words.first, !name.hasPrefix("#") else { continue }
            guard words.count == 2 else { throw .unusableTokens(path, "line \(index + 1) is not a name and a token") }
            guard words[1].utf8.count >= shortest else {
                throw .unusableTokens(path, "the token in line \(index + 1) has less than \(shortest) characters")
            }
            let entry = Entry(name: String(name), digest: sha256(Array(words[1].utf8)))
            guard !entries.contains(where: { $0.digest == entry.digest }) else {
                throw .unusableTokens(path, "the token in line \(index + 1) is another caller's, too")
            }
            entries.append(entry)
        }
        guard mayBeEmpty || !entries.isEmpty else { throw .unusableTokens(path, "nobody is in it") }
        return entries
    }
}

extension Diagnostic {
    fileprivate static func unusableTokens(_ path: String, _ reason: String) -> Diagnostic {
        Diagnostic(
            "unusable-tokens", "Unusable file of tokens", detail: "`\(path)` cannot be used: \(reason).",
            fix: "Write a line for each caller: a name, a space, and a token, such as `openssl rand -hex 24` makes.",
            cause: .usage)
    }
}

extension BearerTokens {
    /// Why a request is refused that bears none of these.
    static func refusal(of authorization: String?) -> ServedError {
        // The header of every signed token begins with `{"`.
        let isSigned = authorization?.wholeMatch(of: /(?i:bearer)\s+eyJ[\w-]*\.[\w-]+\.[\w-]*/) != nil
        return isSigned ? .signedToken : .unauthorized
    }
}

extension ServedError {
    static let unauthorized = ServedError(
        .unauthorized, code: "unauthorized", "This server wants a bearer token that it knows.")
}
