import Crypto

/// The SHA-256 of some bytes, in lower-case hexadecimal digits.
package func sha256Hex(_ bytes: some Sequence<UInt8>) -> String {
    SHA256.hash(data: Array(bytes)).hexadecimal
}

/// The SHA-256 of some bytes: 32 bytes.
package func sha256(_ bytes: [UInt8]) -> [UInt8] {
    Array(SHA256.hash(data: bytes))
}

/// A SHA-256 over bytes that arrive in chunks.
package struct StreamingDigest: Sendable {
    private var hash = SHA256()

    package init() {}

    /// Adds the next bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hash.update(bufferPointer: bytes)
    }

    /// The digest of all bytes so far, in lower-case hexadecimal digits.
    package var hexadecimal: String {
        hash.finalize().hexadecimal
    }
}

extension SHA256.Digest {
    /// Lower-case hexadecimal digits.
    fileprivate var hexadecimal: String {
        func digit(_ half: UInt8) -> UInt8 {
            half < 10 ? UInt8(ascii: "0") + half : UInt8(ascii: "a") + half - 10
        }
        var digits: [UInt8] = []
        digits.reserveCapacity(2 * Self.byteCount)
        for byte in self {
            digits.append(digit(byte >> 4))
            digits.append(digit(byte & 15))
        }
        return String(decoding: digits, as: UTF8.self)
    }
}
