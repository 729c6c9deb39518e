/// Where a request goes that needs neither TLS nor a proxy, read from its URL:
/// `http://127.0.0.1:8321/v1/models?limit=1`.
struct DirectPlace: Hashable, Sendable {
    let host: String
    let port: Int
    /// The path with its query, never empty.
    let target: String
    /// Host and port as the URL has them.
    let authority: String

    /// nil for any URL that is not plainly one of these; who asks gets its error elsewhere.
    init?(_ url: String) {
        let scheme = "http://"
        guard url.hasPrefix(scheme), url.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") })
        else {
            return nil
        }
        let rest = url.dropFirst(scheme.count)
        let end = rest.utf8.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
        authority = String(rest[..<end])
        target = rest[end...].first == "/" ? String(rest[end...]) : "/\(rest[end...])"
        guard let (host, port) = Self.parts(of: authority) else { return nil }
        (self.host, self.port) = (host, port)
    }

    private static func parts(of authority: String) -> (host: String, port: Int)? {
        let isName: (UInt8) -> Bool = { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            case _: false
            }
        }
        let (name, after) =
            if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
                (
                    authority[authority.index(after: authority.startIndex)..<end],
                    authority[authority.index(after: end)...]
                )
            } else {
                (authority.prefix { $0 != ":" }, authority.drop { $0 != ":" })
            }
        let isAddress = authority.hasPrefix("[")
        guard !name.isEmpty, name.utf8.allSatisfy({ isName($0) || isAddress && $0 == UInt8(ascii: ":") }) else {
            return nil
        }
        guard !after.isEmpty else { return (String(name), 80) }
        guard after.first == ":", let port = Int(after.dropFirst()), (1...65535).contains(port) else { return nil }
        return (String(name), port)
    }
}
