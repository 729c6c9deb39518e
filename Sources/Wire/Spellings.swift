import FoundationEssentials
import Language

/// The ways in which a server may spell a secret that it was sent.
enum Spellings {
    /// A header's whole value, and what is secret in it.
    static func parts(of value: String) -> [String] {
        if value.hasPrefix("Bearer ") { return [value, String(value.dropFirst(7))] }
        if value.hasPrefix("Basic ") { return [value] + credentials(String(value.dropFirst(6))) }
        // What is no JSON is a value of its own.
        guard let json = try? Value(json: value.utf8), json.object != nil else { return [value] }
        return [value] + texts(in: json)
    }

    /// `dXNlcjpwdw==` with `user:pw` in it, and the password alone; the user's name is no secret.
    private static func credentials(_ encoded: String) -> [String] {
        guard let data = Data(base64Encoded: encoded) else { return [encoded] }
        let both = String(decoding: data, as: UTF8.self)
        let password = both.unicodeScalars.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).last
        return [encoded, both, password.map { String($0) } ?? ""]
    }

    /// The values in provider data; its names are no secrets.
    private static func texts(in json: Value) -> [String] {
        switch json {
        case .string(let text): parts(of: text)
        case .array(let values): values.flatMap(texts)
        // Whoever adds headers of MCP servers tells which of them are secret.
        case .object(let members): members.flatMap { $0.key == LlamaStack.mcpHeaders ? [] : texts(in: $0.value) }
        case .integer, .bigInteger, .number: [json.canonicalJSON]
        case .null, .bool: []
        }
    }

    /// As it is, as JSON, Python and HTML escape it, percent-encoded, in hexadecimal and in base64, wherever in an encoded
    /// text it begins.
    static func all(of value: String) -> Set<[UInt8]> {
        let bytes = Array(value.utf8)
        let escaped = [jsonEscaped(value, ascii: false), jsonEscaped(value, ascii: true)]
        let texts =
            [value] + escaped + escaped.map { $0.replacing("/", with: "\\/") }
            + escaped.map { jsonEscaped($0, ascii: false) }
            + [value.replacing("\\", with: "\\\\").replacing("'", with: "\\'"), htmlEscaped(value)]
            + percentEncoded(bytes) + hexadecimal(bytes) + base64(bytes)
        return Set(texts.map { Array($0.utf8) }.filter { !$0.isEmpty })
    }

    private static func jsonEscaped(_ text: String, ascii: Bool) -> String {
        let quoted = Value.string(text).canonicalJSON.dropFirst().dropLast()
        guard ascii else { return String(quoted) }
        return quoted.utf16.map { unit in
            if unit < 0x80 { return String(Character(Unicode.Scalar(UInt8(unit)))) }
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
    }

    private static func htmlEscaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;").replacing("'", with: "&#x27;")
    }

    private static func percentEncoded(_ bytes: [UInt8]) -> [String] {
        [true, false].flatMap { isUpper in
            ["%20", "+"].map { space in
                bytes.map { byte in
                    let scalar = Unicode.Scalar(byte)
                    if byte == 0x20 { return space }
                    if byte < 0x80, scalar.properties.isAlphabetic || "0123456789-._~".unicodeScalars.contains(scalar) {
                        return String(Character(scalar))
                    }
                    return "%" + digits(byte, isUpper: isUpper)
                }.joined()
            }
        }
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> [String] {
        [true, false].map { isUpper in bytes.map { digits($0, isUpper: isUpper) }.joined() }
    }

    private static func digits(_ byte: UInt8, isUpper: Bool) -> String {
        let digits = String(byte, radix: 16, uppercase: isUpper)
        return digits.count < 2 ? "0" + digits : digits
    }

    /// In both alphabets, and for each of the three places in a group at which it may begin: only the characters that it
    /// alone decides.
    private static func base64(_ bytes: [UInt8]) -> [String] {
        (0..<3).flatMap { offset -> [String] in
            let padded = [UInt8](repeating: 0, count: offset) + bytes
            let encoded = Data(padded).base64EncodedString()
            let (first, last) = ((offset * 8 + 5) / 6, padded.count * 8 / 6)
            guard last - first >= 4 else { return [] }
            let core = String(encoded.dropFirst(first).prefix(last - first))
            return [core, core.replacing("+", with: "-").replacing("/", with: "_")]
        }
    }
}
