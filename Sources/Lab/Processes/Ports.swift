import Glibc
import Language

/// Finds free loopback ports, below the range that the system uses for outgoing connections.
struct Ports {
    private var given: Set<Int> = []
    private static let range = 18_000..<32_000

    /// The preferred port if it is free, else another one; never the same one twice.
    /// - Throws: `Diagnostic` when a thousand ports in a row are taken.
    mutating func free(preferring preferred: Int?) throws -> Int {
        if let preferred, !given.contains(preferred), Self.isFree(preferred) {
            given.insert(preferred)
            return preferred
        }
        for port in (0..<1000).map({ _ in Int.random(in: Self.range) }) where !given.contains(port) {
            guard Self.isFree(port) else { continue }
            given.insert(port)
            return port
        }
        throw Diagnostic(
            "lab-no-port", "No free port",
            detail: "None of 1,000 ports of 127.0.0.1 that were tried between 18000 and 32000 is free.",
            fix: "Stop programs that listen on these ports.", cause: .unavailable)
    }

    /// Whether a server could listen on a port of 127.0.0.1 now.
    static func isFree(_ port: Int) -> Bool {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        var yes: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, size) == 0 }
        }
    }
}
