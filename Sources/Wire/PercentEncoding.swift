/// Encodes text for a URL: everything but unreserved characters (RFC 3986) becomes `%XX`.
package enum PercentEncoding {
    /// One segment of a path; a slash in it is encoded too.
    package static func segment(_ text: String) -> String {
        encode(text) { _ in false }
    }

    /// Several segments of a path: slashes stay.
    package static func path(_ text: String) -> String {
        encode(text) { $0 == UInt8(ascii: "/") }
    }

    /// `?name=value&…`; empty when there is nothing.
    package static func query(_ entries: [(name: String, value: String)]) -> String {
        guard !entries.isEmpty else { return "" }
        return "?" + entries.map { "\(segment($0.name))=\(segment($0.value))" }.joined(separator: "&")
    }

    /// Replaces every `%XX` by its byte; everything else stays.
    package static func decode(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func encode(_ text: String, keeping: (UInt8) -> Bool) -> String {
        var encoded = ""
        for byte in text.utf8 {
            if isUnreserved(byte) || keeping(byte) {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                encoded += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
        case _: false
        }
    }
}
