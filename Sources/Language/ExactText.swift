#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension StringProtocol {
    /// Whether two texts are the same sequence of characters. Swift's `==` takes texts that differ only in their
    /// normalisation (a composed and a decomposed `é`) for equal; file systems and servers do not.
    package func isExactly(_ other: some StringProtocol) -> Bool {
        let isSame = utf8.withContiguousStorageIfAvailable { bytes in
            other.utf8.withContiguousStorageIfAvailable { bytes.isSame(as: $0) }
        }
        // Only texts of other origin, such as bridged ones, are stored in another way.
        return isSame.flatMap(\.self) ?? utf8.elementsEqual(other.utf8)
    }

    /// Whether it comes before another text in the order of Unicode scalars, which is the one of bytes.
    func precedesExactly(_ other: some StringProtocol) -> Bool {
        let precedes = utf8.withContiguousStorageIfAvailable { bytes in
            other.utf8.withContiguousStorageIfAvailable { bytes.precedes($0) }
        }
        // As above.
        return precedes.flatMap(\.self) ?? utf8.lexicographicallyPrecedes(other.utf8)
    }
}

extension UnsafeBufferPointer<UInt8> {
    func isSame(as other: UnsafeBufferPointer<UInt8>) -> Bool {
        guard count == other.count else { return false }
        guard let start = baseAddress, let otherStart = other.baseAddress else { return true }
        return memcmp(start, otherStart, count) == 0
    }

    fileprivate func precedes(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let start = baseAddress, let otherStart = other.baseAddress else { return count < other.count }
        let order = memcmp(start, otherStart, Swift.min(count, other.count))
        return order < 0 || order == 0 && count < other.count
    }
}

extension [String: Value] {
    /// The member with exactly this key; a plain look-up also finds another spelling of its characters.
    package subscript(exactly key: String) -> Value? {
        guard let index = index(forKey: key), self[index].key.isExactly(key) else { return nil }
        return self[index].value
    }

    /// Whether two objects have the same members, with names that are the same sequences of characters.
    func isExactly(_ other: [String: Value]) -> Bool {
        count == other.count
            && allSatisfy { name, value in
                guard let index = other.index(forKey: name) else { return false }
                return other[index].key.isExactly(name) && other[index].value == value
            }
    }
}

/// Two keys of one JSON object that differ only in Unicode normalisation: one writes a letter as one character, the
/// other as a letter and a combining mark. Objects are dictionaries, which cannot hold both.
package struct LookAlikeKeys: Error, Hashable {
    package let key: String

    /// As the end of a sentence.
    package var reason: String {
        "two keys of one object are written `\(key)` and differ only in Unicode normalisation, so that drover cannot tell "
            + "them apart"
    }
}

/// A text as a key: equal only to the same sequence of characters.
package struct ExactText: Sendable, Hashable, Comparable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func == (left: ExactText, right: ExactText) -> Bool {
        left.text.isExactly(right.text)
    }

    package static func < (left: ExactText, right: ExactText) -> Bool {
        left.text.precedesExactly(right.text)
    }
}
