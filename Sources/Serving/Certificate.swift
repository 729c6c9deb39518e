package import Language
import NIOCore
import NIOSSL
import Synchronization

/// What a server shows and keeps for connections by TLS, from two PEM files: the certificates from its own to its authority's,
/// and the key.
package final class Certificate: Sendable {
    private struct Pair {
        let chain: [NIOSSLCertificate]
        let key: NIOSSLPrivateKey
    }

    private let certificates: String
    private let key: String
    private let pair: Mutex<Pair>

    /// - Throws: `Diagnostic` naming the file that cannot be used.
    package init(certificates: String, key: String) throws(Diagnostic) {
        (self.certificates, self.key) = (certificates, key)
        pair = Mutex(try Self.read(certificates, key))
    }

    /// Reads the files again, for the connections that are opened from now on; when they cannot be used, everything stays.
    package func reload() throws(Diagnostic) {
        let read = try Self.read(certificates, key)
        pair.withLock { $0 = read }
    }

    /// Which files there are now.
    package var stamps: [FileStamp?] {
        [FileStamp(certificates), FileStamp(key)]
    }

    /// TLS 1.2 and later; each connection is shown what was read last.
    var configuration: TLSConfiguration {
        var configuration = Self.configuration(pair.withLock { $0 })
        configuration.sslContextCallback = { [self] _, promise in
            let pair = pair.withLock { $0 }
            var changes = NIOSSLContextConfigurationOverride()
            changes.certificateChain = pair.chain.map { .certificate($0) }
            changes.privateKey = .privateKey(pair.key)
            promise.succeed(changes)
        }
        return configuration
    }

    private static func configuration(_ pair: Pair) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: pair.chain.map { .certificate($0) }, privateKey: .privateKey(pair.key))
        configuration.minimumTLSVersion = .tlsv12
        // Many clients say no good-bye to a connection that is closed, and a server that stops waits for that.
        configuration.shutdownTimeout = .milliseconds(200)
        return configuration
    }

    private static func read(_ certificates: String, _ key: String) throws(Diagnostic) -> Pair {
        let (chainBytes, keyBytes) = (try bytes(of: certificates), try bytes(of: key))
        let (chain, privateKey): ([NIOSSLCertificate], NIOSSLPrivateKey)
        do {
            chain = try NIOSSLCertificate.fromPEMBytes(chainBytes)
        } catch {
            throw .unusable(certificates, "it has no certificates in PEM format")
        }
        guard !chain.isEmpty else { throw .unusable(certificates, "it has no certificates in PEM format") }
        do {
            privateKey = try NIOSSLPrivateKey(bytes: keyBytes, format: .pem)
        } catch {
            throw .unusable(key, "it has no private key without a passphrase in PEM format")
        }
        let pair = Pair(chain: chain, key: privateKey)
        do {
            _ = try NIOSSLContext(configuration: configuration(pair))
        } catch {
            throw .unusable(key, "its key is not that of the certificate in `\(certificates)`")
        }
        return pair
    }

    private static func bytes(of path: String) throws(Diagnostic) -> [UInt8] {
        do {
            return try FileBytes.text(path, atMost: 1 << 20)
        } catch {
            throw .unusable(path, error.reason)
        }
    }
}

extension Diagnostic {
    fileprivate static func unusable(_ path: String, _ reason: String) -> Diagnostic {
        Diagnostic(
            "unusable-certificate", "Unusable certificate", detail: "`\(path)` cannot be used: \(reason).",
            fix: "Name PEM files that can be read: the certificates, and the key of the first of them.", cause: .usage)
    }
}
