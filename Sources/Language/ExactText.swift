extension StringProtocol {
    /// Whether two texts are the same sequence of characters. Swift's `==` takes texts that differ only in their
    /// normalisation (a composed and a decomposed `é`) for equal; file systems and servers do not.
    package func isExactly(_ other: some StringProtocol) -> Bool {
        utf8.elementsEqual(other.utf8)
    }
}

extension [String: Value] {
    /// Whether two objects have the same members, with names that are the same sequences of characters.
    func isExactly(_ other: [String: Value]) -> Bool {
        count == other.count
            && allSatisfy { name, value in
                guard let index = other.index(forKey: name) else { return false }
                return other[index].key.isExactly(name) && other[index].value == value
            }
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
        left.text.unicodeScalars.lexicographicallyPrecedes(right.text.unicodeScalars)
    }
}
