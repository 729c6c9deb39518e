import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The servers that no proxy is used for, as `NO_PROXY` says: host names with all below them, addresses, networks, each
/// with a port or without, or `*`. Loopback addresses are always among them.
///
///     NO_PROXY=example.com,.internal,10.0.0.0/8,fd00::/8,mlflow.test:5000
struct ProxyExceptions: Sendable {
    private enum Entry: Sendable {
        case everything
        /// The port is nil for all.
        case host(String, port: Int?)
        /// The first bits of an address, of 4 or 16 bytes.
        case network([UInt8], bits: Int)
    }

    private let entries: [Entry]

    init(_ entries: [String]) {
        self.entries = entries.compactMap { Self.entry($0.lowercased()) }
    }

    /// Whether the server of an address is reached directly.
    func contain(_ url: String) -> Bool {
        guard let url = URL(string: url), let name = url.host() else { return false }
        let host = Self.bare(name.lowercased())
        if host == "localhost" || host == "::1" || host.hasPrefix("127.") { return true }
        let port = url.port ?? (url.scheme?.lowercased() == "https" ? 443 : 80)
        let bytes = Self.bytes(host)
        return entries.contains { entry in
            switch entry {
            case .everything: return true
            case .host(let name, let wanted):
                guard wanted == nil || wanted == port else { return false }
                if let bytes { return bytes == Self.bytes(name) }
                return host == name || host.hasSuffix(".\(name)")
            case .network(let network, let bits): return bytes.map { Self.isEqual($0, network, bits) } ?? false
            }
        }
    }

    private static func entry(_ text: String) -> Entry? {
        if text == "*" { return .everything }
        let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
        if parts.count == 2, let network = bytes(bare(parts[0])), let bits = Int(parts[1]) {
            return (0...network.count * 8).contains(bits) ? .network(network, bits: bits) : nil
        }
        var name = text.drop { $0 == "*" || $0 == "." }
        var port: Int?
        // What has several colons and no brackets is an address without a port.
        if let colon = name.lastIndex(of: ":"), name.hasPrefix("[") || name.firstIndex(of: ":") == colon,
            let number = Int(name[name.index(after: colon)...])
        {
            port = number
            name = name[..<colon]
        }
        return name.isEmpty ? nil : .host(bare(String(name)), port: port)
    }

    private static func bare(_ host: String) -> String {
        host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }

    /// The bytes of an IP address; nil for a name.
    private static func bytes(_ host: String) -> [UInt8]? {
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            if inet_pton(family, host, &bytes) == 1 { return bytes }
        }
        return nil
    }

    private static func isEqual(_ address: [UInt8], _ network: [UInt8], _ bits: Int) -> Bool {
        guard address.count == network.count else { return false }
        let (whole, rest) = bits.quotientAndRemainder(dividingBy: 8)
        guard address.prefix(whole) == network.prefix(whole) else { return false }
        return rest == 0 || address[whole] >> (8 - rest) == network[whole] >> (8 - rest)
    }
}
