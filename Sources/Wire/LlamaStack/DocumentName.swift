/// Encodes a document's path as a file name that every server preserves, and decodes it.
///
/// OGX replaces everything but ASCII letters, digits, `.`, `_` and `-` in the name of an uploaded file by `_`, also
/// `..` and a dot at the beginning. So a slash becomes `__`, and every other byte that would be lost, `_` too, becomes
/// `_XX`:
///
///     docs/refunds.md   docs__refunds.md
///     my_notes.md       my_5Fnotes.md
package enum DocumentName {
    private static let escape = UInt8(ascii: "_")
    private static let dot = UInt8(ascii: ".")

    /// The name to upload a document under; the extension stays, from which servers derive the file type.
    package static func filename(forPath path: String) -> String {
        var name: [UInt8] = []
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "/"): name += [escape, escape]
            case dot where name.isEmpty || name.last == dot: name += hexadecimal(byte)
            case dot, UInt8(ascii: "-"): name.append(byte)
            case _ where isLetterOrDigit(byte): name.append(byte)
            case _: name += hexadecimal(byte)
            }
        }
        return String(decoding: name, as: UTF8.self)
    }

    /// The path of a document that was uploaded under a name; any other name stays as it is.
    package static func path(ofFilename name: String) -> String {
        var path: [UInt8] = []
        var rest = Array(name.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == escape else {
                path.append(byte)
                continue
            }
            if rest.first == escape {
                path.append(UInt8(ascii: "/"))
                rest.removeFirst()
            } else if rest.count >= 2, let escaped = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                path.append(escaped)
                rest.removeFirst(2)
            } else {
                return name
            }
        }
        let decoded = String(decoding: path, as: UTF8.self)
        return filename(forPath: decoded) == name ? decoded : name
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        let character = Character(Unicode.Scalar(byte))
        return character.isASCII && (character.isLetter || character.isNumber)
    }

    private static func hexadecimal(_ byte: UInt8) -> [UInt8] {
        let digits = String(byte, radix: 16, uppercase: true)
        return [escape] + (digits.count < 2 ? "0" + digits : digits).utf8
    }
}
