import Crypto

/// The SHA-256 of some bytes, in lower-case hexadecimal digits.
package func sha256Hex(_ bytes: some Sequence<UInt8>) -> String {
    SHA256.hash(data: Array(bytes)).hexadecimal
}

extension SHA256.Digest {
    /// Lower-case hexadecimal digits.
    var hexadecimal: String {
        map { byte in
            let hex = String(byte, radix: 16)
            return byte < 16 ? "0" + hex : hex
        }.joined()
    }
}
