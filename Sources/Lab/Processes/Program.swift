/// A program to run: its arguments, and its whole environment.
struct Program: Sendable, Hashable, Codable {
    /// The program's path or name first.
    var words: [String]
    var environment: [String: String]
    var directory: String

    /// Equal commands have equal digests, on every machine and in every run.
    var digest: String {
        let entries = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return StableHash.hexadecimal((words + ["in", directory, "with"] + entries).joined(separator: "\0"))
    }
}

/// The 64-bit FNV-1a hash: stable, but not cryptographic.
enum StableHash {
    static func of(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { hash, byte in (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }

    /// Sixteen hexadecimal digits.
    static func hexadecimal(_ text: String) -> String {
        let digits = String(of(text), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
