import ArgumentParser
import Language
import Serving

/// The options for where a server of agents listens, and for whom.
struct ListeningOptions: ParsableArguments {
    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 takes any that is free.")
    var port = 8000

    @Flag(help: "Answer everybody who reaches the address, even when others than this machine do, and under any name.")
    var allowAnonymous = false

    @Option(
        help: "Answer only callers with a bearer token of this file: a name and a token a line. SIGHUP reads it again.")
    var authTokenFile: String?

    @Option(help: "Serve by TLS with the certificates in this PEM file, which is read again when it changes.")
    var tlsCert: String?

    @Option(help: "The key of the certificate, a PEM file.")
    var tlsKey: String?

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port takes a number from 0 to 65535.") }
        guard isLoopback || allowAnonymous || authTokenFile != nil else {
            throw ValidationError(
                "\(host) can be reached from other machines, so that everybody there may use the agents and the servers "
                    + "behind. Name who may with --auth-token-file, or add --allow-anonymous if that is meant.")
        }
        if allowAnonymous, authTokenFile != nil {
            throw ValidationError("`--allow-anonymous` and `--auth-token-file` exclude each other.")
        }
        if (tlsCert == nil) != (tlsKey == nil) {
            throw ValidationError("`--tls-cert` and `--tls-key` go together.")
        }
    }

    /// The URL at which it is reached.
    func address(port: Int) -> String {
        "\(tlsCert == nil ? "http" : "https")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    /// Who may ask; nil for everybody.
    func tokens() throws(Diagnostic) -> BearerTokens? {
        guard let authTokenFile else { return nil }
        return try BearerTokens(path: authTokenFile)
    }

    /// Under which names it may be asked; nil for all.
    var names: OwnNames? {
        allowAnonymous || authTokenFile != nil ? nil : OwnNames(listening: host)
    }

    /// nil for plain HTTP.
    func certificate() throws(Diagnostic) -> Certificate? {
        guard let tlsCert, let tlsKey else { return nil }
        return try Certificate(certificates: tlsCert, key: tlsKey)
    }

    private var isLoopback: Bool {
        host == "localhost" || host == "::1" || isOfLoopbackNetwork
    }

    /// Whether it is an address such as `127.0.0.1`. Read without a pattern: the first one of a program costs it memory and
    /// time at its start.
    private var isOfLoopbackNetwork: Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { (1...3).contains($0.utf8.count) && $0.utf8.allSatisfy(digits.contains) }
    }
}
