import NIOHTTP1

extension ServedError {
    /// Why a request is refused whose head another server may read otherwise, and be led by it to take one request for two, or
    /// for one of somebody else (RFC 9112, sections 3.2 and 6.1); nil for one that is read in one way only.
    init?(unfit head: HTTPRequestHead) {
        let isOld = (head.version.major, head.version.minor) < (1, 1)
        let hosts = head.headers["host"]
        let host = hosts.first.flatMap { Authority($0[...].trimmed) }
        guard host != nil || hosts.isEmpty && isOld, hosts.count < 2 else {
            self = .unfitHost
            return
        }
        guard Authority.isTarget(head.uri, of: host) else {
            self = .unfitTarget
            return
        }
        guard head.headers.contains(name: "transfer-encoding") else { return nil }
        // One field and one coding: that is how clients send it.
        let codings = head.headers["transfer-encoding"].map { $0[...].trimmed.lowercased() }
        guard isOld || codings != ["chunked"] else { return nil }
        let names = codings.flatMap { $0.split(separator: ",").map(\.trimmed) }
        self = isOld || names.allSatisfy { $0.isEmpty || $0 == "chunked" } ? .unfitCoding : .unknownCoding
    }

    private static let unfitHost = ServedError(
        .badRequest, code: "invalid_http",
        "A request has one header `Host`: the name of a server, and maybe its port, such as `localhost:8000`.")

    private static let unfitTarget = ServedError(
        .badRequest, code: "invalid_http",
        "A request asks for a path; where it names a server before that, it is the one of its header `Host`.")

    private static let unfitCoding = ServedError(
        .badRequest, code: "invalid_http",
        "A body is sent in chunks with one header `Transfer-Encoding: chunked`, and in HTTP/1.1 only.")

    private static let unknownCoding = ServedError(
        .unknownCoding, code: "unknown_transfer_coding",
        "A body is taken as it is, or in chunks (`Transfer-Encoding: chunked`), and in no other coding.")
}

/// The server that a request is for, as its head names it: `localhost:8000`, `[::1]`.
struct Authority: Sendable {
    private let host: Substring
    /// nil where none is told.
    private let port: Int?

    /// nil for what names no server.
    init?(_ text: Substring) {
        let bytes = text.utf8
        let isAddress = bytes.first == UInt8(ascii: "[")
        let mark = bytes.firstIndex(of: isAddress ? UInt8(ascii: "]") : Self.colon)
        let end = isAddress ? mark.map(bytes.index(after:)) ?? bytes.startIndex : mark ?? bytes.endIndex
        host = text[..<end]
        guard isAddress ? Self.isAddress(host.utf8) : Self.isName(host.utf8) else { return nil }
        let digits = bytes[end...].dropFirst()
        guard end == bytes.endIndex || bytes[end] == Self.colon, digits.count <= 5, digits.allSatisfy(\.isDigit) else {
            return nil
        }
        port = Int(Substring(digits))
        if let port, port > UInt16.max { return nil }
    }

    /// Whether a target can be asked for at a server: a path, or a whole URL of the same server.
    /// - Parameter own: As `Host` tells it; nil for any.
    static func isTarget(_ target: String, of own: Authority?) -> Bool {
        guard target.utf8.first != UInt8(ascii: "/"), target != "*" else { return true }
        guard let mark = target.firstRange(of: "://") else { return false }
        let standard: Int
        switch target[..<mark.lowerBound].lowercased() {
        case "http": standard = 80
        case "https": standard = 443
        case _: return false
        }
        guard let named = Authority(target[mark.upperBound...].prefix { !"/?#".contains($0) }) else { return false }
        guard let own else { return true }
        return own.host.lowercased() == named.host.lowercased()
            && own.port ?? standard == named.port ?? standard
    }

    private static let colon = UInt8(ascii: ":")

    /// Lists have commas, and users and paths other signs, which no name of a server needs.
    private static func isName(_ name: Substring.UTF8View) -> Bool {
        !name.isEmpty && name.allSatisfy { $0.isLetter || $0.isDigit || isOf("-._~%", $0) }
    }

    /// In brackets, of IPv6.
    private static func isAddress(_ name: Substring.UTF8View) -> Bool {
        name.count > 3 && name.dropFirst().dropLast().allSatisfy { $0.isDigit || isOf("abcdefABCDEF:.", $0) }
    }

    private static func isOf(_ signs: StaticString, _ byte: UInt8) -> Bool {
        signs.withUTF8Buffer { $0.contains(byte) }
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    fileprivate var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
}

extension Substring {
    /// Without the spaces and tabs around it.
    fileprivate var trimmed: Substring {
        func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let begin = utf8.firstIndex { !isSpace($0) } ?? endIndex
        var end = endIndex
        while end > begin, case let before = utf8.index(before: end), isSpace(utf8[before]) { end = before }
        return self[begin..<end]
    }
}
