import NIOCore

/// The names under which a server may be asked that only its own machine reaches: a page whose name is made to point to this
/// machine (DNS rebinding) would otherwise be one of this server's own.
package struct OwnNames: Sendable {
    private let listening: String

    /// - Parameter listening: The name or address it listens on, which is its own as well as those of loopback.
    package init(listening: String) {
        self.listening = Self.plain(listening)
    }

    /// Whether a `Host` header names this server: `localhost:8000`, `127.0.0.1`, `[::1]:8000`. Browsers always send one; who
    /// sends none is no page.
    func include(_ authority: String?) -> Bool {
        guard let authority, !authority.isEmpty else { return true }
        let name = Self.plain(Self.host(of: authority))
        return name == listening || name == "localhost" || name == "::1"
            || name.wholeMatch(of: /127\.\d{1,3}\.\d{1,3}\.\d{1,3}/) != nil
    }

    /// Without the port.
    private static func host(of authority: String) -> String {
        guard authority.first == "[" else { return String(authority.prefix { $0 != ":" }) }
        return String(authority.dropFirst().prefix { $0 != "]" })
    }

    /// In small letters, and without the dot that a whole name may end with; an address of IPv6 in its shortest spelling, and
    /// as that of IPv4 that it stands for.
    private static func plain(_ name: String) -> String {
        let name = name.lowercased()
        let plain = name.hasSuffix(".") ? String(name.dropLast()) : name
        guard plain.contains(":"), let address = try? SocketAddress(ipAddress: plain, port: 0).ipAddress else {
            return plain
        }
        let mapped = "::ffff:"
        return address.hasPrefix(mapped) && address.contains(".") ? String(address.dropFirst(mapped.count)) : address
    }
}

extension ServedError {
    static let foreignName = ServedError(
        .forbidden, code: "foreign_name",
        "This server answers under the names of its own machine only, such as `localhost`.")
}
