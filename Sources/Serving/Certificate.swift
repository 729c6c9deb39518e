package import Language
import NIOSSL

/// What a server shows and keeps for connections by TLS.
package struct Certificate: Sendable {
    let chain: [NIOSSLCertificate]
    let key: NIOSSLPrivateKey

    /// Reads two PEM files: the certificates from its own to its authority's, and the key.
    /// - Throws: `Diagnostic` naming the file that cannot be used.
    package init(certificates: String, key: String) throws(Diagnostic) {
        do {
            chain = try NIOSSLCertificate.fromPEMFile(certificates)
        } catch {
            throw .unusable(certificates, "no certificates")
        }
        guard !chain.isEmpty else { throw .unusable(certificates, "no certificates") }
        do {
            self.key = try NIOSSLPrivateKey(file: key, format: .pem)
        } catch {
            throw .unusable(key, "no private key without a passphrase")
        }
    }

    /// TLS 1.2 and later.
    var configuration: TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        return configuration
    }
}

extension Diagnostic {
    fileprivate static func unusable(_ path: String, _ lacking: String) -> Diagnostic {
        Diagnostic(
            "unusable-certificate", "Unusable certificate", detail: "`\(path)` has \(lacking) in PEM format.",
            fix: "Name a PEM file that can be read.", cause: .usage)
    }
}
