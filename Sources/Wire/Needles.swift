/// Byte sequences that are searched for together.
struct Needles: Sendable {
    /// Longest first, so that a whole header is replaced before the token in it.
    private(set) var all: [[UInt8]] = []
    private var byFirst: [[[UInt8]]] = []
    /// Whether there are any, by their first byte.
    private var begins: [Bool] = []

    var isEmpty: Bool { all.isEmpty }

    /// Adds sequences, none of which may be empty.
    mutating func add(_ more: Set<[UInt8]>) {
        all = more.union(all).sorted { $0.count > $1.count }
        byFirst = [[[UInt8]]](repeating: [], count: 256)
        for needle in all { byFirst[Int(needle[0])].append(needle) }
        begins = byFirst.map { !$0.isEmpty }
    }

    /// Whether the bytes contain one of them.
    func stand(in bytes: [UInt8]) -> Bool {
        !isEmpty && bytes.indices.contains { begins[Int(bytes[$0])] && found(at: $0, in: bytes) != nil }
    }

    /// Whether an occurrence may begin in a text.
    func mayBegin(in text: String) -> Bool {
        !isEmpty && text.utf8.contains { begins[Int($0)] }
    }

    /// The bytes with every occurrence replaced by a mark; nil when there is none.
    func replaced(in bytes: [UInt8], by mark: String) -> [UInt8]? {
        guard !isEmpty else { return nil }
        var result: [UInt8] = []
        var (copied, index) = (0, 0)
        while index < bytes.count {
            guard begins[Int(bytes[index])], let found = found(at: index, in: bytes) else {
                index += 1
                continue
            }
            result += bytes[copied..<index] + Array(mark.utf8)
            index += found.count
            copied = index
        }
        return copied > 0 ? result + bytes[copied...] : nil
    }

    /// How many bytes at the end may be the beginning of an occurrence that continues in the next chunk.
    func openEnd(of bytes: [UInt8]) -> Int {
        guard let longest = all.first else { return 0 }
        let start = max(0, bytes.count - longest.count + 1)
        let open = bytes[start...].indices.first { index in
            begins[Int(bytes[index])]
                && byFirst[Int(bytes[index])].contains { needle in
                    let rest = bytes.count - index
                    return needle.count > rest && bytes[index...].elementsEqual(needle[..<rest])
                }
        }
        return open.map { bytes.count - $0 } ?? 0
    }

    private func found(at index: Int, in bytes: [UInt8]) -> [UInt8]? {
        byFirst[Int(bytes[index])].first { needle in
            bytes.count - index >= needle.count && bytes[index..<index + needle.count].elementsEqual(needle)
        }
    }
}
