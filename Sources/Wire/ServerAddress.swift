import FoundationEssentials
package import Language

/// The base URL of a server, with the credentials that a user may have written into it taken out.
struct ServerAddress {
    /// Without credentials and without a slash at the end.
    let base: String
    /// The `Authorization` that the credentials ask for; nil when there were none.
    let credentials: Secret?

    init(_ text: String) {
        var base = text[...]
        while base.last == "/" { base = base.dropLast() }
        guard let scheme = base.firstRange(of: "://"),
            let at = base[scheme.upperBound...].prefix(while: { $0 != "/" }).lastIndex(of: "@")
        else {
            self.base = String(base)
            credentials = nil
            return
        }
        let parts = base[scheme.upperBound..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            .map { PercentEncoding.decode(String($0)) }
        self.base = String(base[..<scheme.upperBound] + base[base.index(after: at)...])
        credentials = .basic(user: parts[0], password: Secret(parts.count > 1 ? parts[1] : ""))
    }
}

extension Secret {
    /// The value of an `Authorization` header that carries a token.
    package static func bearer(_ token: Secret) -> Secret {
        Secret("Bearer " + token.revealed)
    }

    /// The value of an `Authorization` header that carries a user's name and password.
    package static func basic(user: String, password: Secret) -> Secret {
        Secret("Basic " + Data("\(user):\(password.revealed)".utf8).base64EncodedString())
    }
}
