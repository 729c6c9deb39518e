package import Language

/// The servers as the spec describes them.
///
///     servers:
///       llamastack: {url: "http://localhost:8321", apiKey: {env: LLAMASTACK_API_KEY, optional: true}}
///       mlflow: {url: "http://localhost:5000"}
package struct ServersSpec: SpecDecodable {
    package static let noun = "a list of servers"
    package static let key = Key<ServersSpec>(
        "servers", .object(), "Where the servers are; by default the ecosystem's variables and the lab say it.")
    private static let llamaStackKey = Key<LlamaStackSpec>("llamastack", .object(), "The Llama Stack or OGX server.")
    private static let mlflowKey = Key<MLflowSpec>("mlflow", .object(), "The MLflow server.")
    package static let fields = [llamaStackKey.field, mlflowKey.field]

    package let llamaStack: LlamaStackSpec?
    package let mlflow: MLflowSpec?

    package init(from fields: inout Fields) {
        llamaStack = fields.read(Self.llamaStackKey)
        mlflow = fields.read(Self.mlflowKey)
    }
}

/// The Llama Stack or OGX server.
package struct LlamaStackSpec: SpecDecodable {
    package static let noun = "a Llama Stack server"
    private static let urlKey = Key<Located<String>>(
        "url", .located(.someText).shaped(.text(pattern: WebAddress.pattern)), example: "http://localhost:8321",
        "Its address; a trailing `/v1` is dropped.")
    private static let keyKey = Key<Located<SecretSource>>(
        "apiKey", .located(.secret), "Its API key; the value `fake` counts as none.")
    private static let dataKey = Key<[Entry<SecretSource>]>(
        "providerData",
        Reading<[Entry<SecretSource>]>.map(.secret).map { entries, node, problems in
            problems.reportCaseTwins(
                in: node, because: "a server reads keys by their exact names, and so one of them at most")
            return entries
        }, "Keys of model providers, sent with every request.")
    private static let tlsKey = Key<TLSSpec>("tls", .object(), "How a connection over TLS is checked.")
    private static let timeoutKey = Key<Duration>("timeout", .duration, default: "30s", "For one request.")
    package static let fields = [urlKey.field, keyKey.field, dataKey.field, tlsKey.field, timeoutKey.field]

    package let url: Located<String>?
    package let apiKey: Located<SecretSource>?
    package let providerData: [Entry<SecretSource>]
    package let tls: TLSSpec?
    package let timeout: Duration?

    package init(from fields: inout Fields) {
        url = fields.readAddress(Self.urlKey, example: "http://localhost:8321")
        apiKey = fields.read(Self.keyKey)
        providerData = fields.read(Self.dataKey) ?? []
        tls = fields.read(Self.tlsKey)
        timeout = fields.read(Self.timeoutKey)
    }
}

/// The MLflow server.
package struct MLflowSpec: SpecDecodable {
    package static let noun = "an MLflow server"
    private static let urlKey = Key<Located<String>>(
        "url", .located(.someText).shaped(.text(pattern: WebAddress.pattern)), example: "http://localhost:5000",
        "Its address.")
    private static let tokenKey = Key<Located<SecretSource>>("token", .located(.secret), "A bearer token.")
    private static let userKey = Key<String>("username", .someText, "The user's name, for basic authentication.")
    private static let passwordKey = Key<Located<SecretSource>>("password", .located(.secret), "The user's password.")
    private static let tlsKey = Key<TLSSpec>("tls", .object(), "How a connection over TLS is checked.")
    private static let timeoutKey = Key<Duration>("timeout", .duration, default: "30s", "For one request.")
    package static let fields = [
        urlKey.field, tokenKey.field, userKey.field, passwordKey.field, tlsKey.field, timeoutKey.field,
    ]

    package let url: Located<String>?
    package let token: Located<SecretSource>?
    package let username: String?
    package let password: Located<SecretSource>?
    package let tls: TLSSpec?
    package let timeout: Duration?

    package init(from fields: inout Fields) {
        url = fields.readAddress(Self.urlKey, example: "http://localhost:5000")
        token = fields.read(Self.tokenKey)
        username = fields.read(Self.userKey)
        password = fields.read(Self.passwordKey)
        tls = fields.read(Self.tlsKey)
        timeout = fields.read(Self.timeoutKey)
    }
}

/// How TLS connections are verified.
package struct TLSSpec: SpecDecodable {
    package static let noun = "a TLS setting"
    private static let caKey = Key<Located<String>>(
        "caFile", .path, "A PEM file of certificate authorities to trust.")
    private static let certKey = Key<Located<String>>(
        "certFile", .path, example: "client.pem", "A PEM file with a certificate of our own.")
    private static let keyKey = Key<Located<String>>(
        "keyFile", .path, example: "client.key", "A PEM file with the key of that certificate.")
    private static let insecureKey = Key<Bool>(
        "insecure", .boolean, default: "false", "Trusts any certificate; only for trying out.")
    package static let fields = [caKey.field, certKey.field, keyKey.field, insecureKey.field]
    package static let rules = [
        FieldRule.needs("certFile", "keyFile", because: "A certificate is proved with its key."),
        .needs("keyFile", "certFile", because: "A key proves a certificate."),
    ]

    package let caFile: Located<String>?
    package let certFile: Located<String>?
    package let keyFile: Located<String>?
    package let insecure: Bool

    package init(from fields: inout Fields) {
        caFile = fields.read(Self.caKey)
        certFile = fields.read(Self.certKey)
        keyFile = fields.read(Self.keyKey)
        insecure = fields.read(Self.insecureKey) ?? false
    }
}

extension Fields {
    /// Reads the address of a server: a complete URL without a password.
    fileprivate mutating func readAddress(_ key: Key<Located<String>>, example: String) -> Located<String>? {
        guard let url = read(key) else { return nil }
        WebAddress.check(url, example: example, &problems)
        return url
    }
}

/// Validates web addresses.
package enum WebAddress {
    /// What `problem(in:)` accepts, for schemas.
    package static let pattern = #"^https?://[^/?@]+([/?][\s\S]*)?$"#

    /// Reports an address that cannot be used.
    /// - Parameter example: A valid address, for the message.
    package static func check(
        _ url: Located<String>, example: String = "http://localhost:8321", _ problems: inout Problems
    ) {
        if let problem = problem(in: url.value) { problems.report(.badURL(url, problem, example: example)) }
    }

    /// Why an address cannot be used; nil when it can.
    package static func problem(in text: String) -> String? {
        guard text.hasPrefix("http://") || text.hasPrefix("https://") else {
            return "it does not start with `http://` or `https://`"
        }
        let authority = text.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "/" && $0 != "?" }
        if authority.isEmpty { return "it names no host" }
        if authority.contains("@") { return "it holds a user name or a password" }
        return portProblem(authority)
    }

    /// Why the address of a server cannot be used; an address from outside the spec may contain a user name and a
    /// password, as MLflow's do.
    package static func problem(inServer text: String) -> String? {
        if text.contains("?") || text.contains("#") { return "a server's address has no `?` and no `#`" }
        return problem(in: ServerAddress(text).base)
    }

    /// The address without user name and password, and without its query and fragment, which may contain a secret.
    package static func shown(_ text: String) -> String {
        let base = ServerAddress(text).base
        return base.contains("@") ? "an address with an `@`" : String(base.prefix { $0 != "?" && $0 != "#" })
    }

    /// Whether the port is valid: the HTTP client crashes the process on any other.
    static func hasPossiblePort(_ url: String) -> Bool {
        // By bytes: each request asks this.
        let bytes = url.utf8
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8) else {
            return url.firstRange(of: "://").map { hasPossiblePort("http" + url[$0.lowerBound...]) } ?? true
        }
        let ends: [UInt8] = [UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#")]
        let authority = bytes[bytes.index(colon, offsetBy: 3)...].prefix { !ends.contains($0) }
        let start = authority.lastIndex(of: UInt8(ascii: "@")) ?? authority.startIndex
        return portProblem(url[start..<authority.endIndex]) == nil
    }

    private static func portProblem(_ authority: Substring) -> String? {
        guard let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") else { return nil }
        let port = authority[authority.index(after: colon)...]
        guard !port.isEmpty, !(Int(port).map((1...65_535).contains) ?? false) else { return nil }
        // Not quoted: in `http://user:pass/word@host` it is part of a password.
        return "its port is no number from 1 to 65535"
    }
}

extension Diagnostic {
    /// An unusable address; a password in it is not quoted.
    package static func badURL(_ url: Located<String>, _ problem: String, example: String) -> Diagnostic {
        let shown = url.value.contains("@") ? "The address" : "`\(url.value)`"
        return Diagnostic(
            "bad-url", "Unusable address", detail: "\(shown) cannot be used: \(problem).",
            fix: "Write a full address, such as `\(example)`; secrets go into fields of their own.",
            at: url.range)
    }
}
