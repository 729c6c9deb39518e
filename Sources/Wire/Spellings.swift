import FoundationEssentials
import Language

/// The encodings in which a server may echo a secret.
enum Spellings {
    /// The whole value of a header, and the secrets in it.
    static func parts(of value: String) -> [String] {
        if value.hasPrefix("Bearer ") { return [value, String(value.dropFirst(7))] }
        if value.hasPrefix("Basic ") { return [value] + credentials(String(value.dropFirst(6))) }
        // Anything that is not a JSON object is one value.
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

    /// The values in provider data; its keys are not secret.
    private static func texts(in json: Value) -> [String] {
        switch json {
        case .string(let text): parts(of: text)
        case .array(let values): values.flatMap(texts)
        // The caller that adds headers of MCP servers says which of them are secret.
        case .object(let members): members.flatMap { $0.key == LlamaStack.mcpHeaders ? [] : texts(in: $0.value) }
        case .integer, .bigInteger, .number: [json.canonicalJSON]
        case .null, .bool: []
        }
    }

    /// As it is; escaped as in JSON, Python and HTML; percent-encoded; in hexadecimal; and in base64 at any offset in
    /// the encoded text.
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

    /// In both alphabets, for each of the three offsets in a group: only the characters that depend on the secret
    /// alone.
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
