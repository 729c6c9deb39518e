/// Selects addresses by text: one (`agents.support`), a kind (`agents`), or a glob over both (`vectorStores.h*`,
/// `*.support`). `*` stands for any characters and `?` for one; `/` between kind and name is as good as `.`.
package struct AddressPattern: Sendable, Hashable, Codable, CustomStringConvertible {
    package let description: String
    private let kind: [Unicode.Scalar]
    /// nil for every name.
    private let name: [Unicode.Scalar]?

    package init(_ text: String) {
        description = text
        let scalars = Array(text.unicodeScalars)
        let separator = scalars.firstIndex { $0 == "." || $0 == "/" }
        kind = Array(scalars[..<(separator ?? scalars.endIndex)])
        name = separator.map { Array(scalars[($0 + 1)...]) }
    }

    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    package func matches(_ address: Address) -> Bool {
        Self.matches(kind[...], Array(address.kind.unicodeScalars)[...])
            && (name.map { Self.matches($0[...], Array(address.name.unicodeScalars)[...]) } ?? true)
    }

    /// Whether it matches an address, or says in full what that was before.
    /// - Parameter moves: Former addresses, by the present ones.
    func selects(_ address: Address, _ moves: [Address: Address]) -> Bool {
        matches(address) || moves[address].map { $0 == Address(text: description) } ?? false
    }

    /// Goes back to the last `*` only, which suffices: no pattern takes more than the product of both lengths.
    private static func matches(
        _ pattern: ArraySlice<Unicode.Scalar>, _ text: ArraySlice<Unicode.Scalar>
    ) -> Bool {
        var (p, t) = (pattern.startIndex, text.startIndex)
        var star: (pattern: Int, text: Int)?
        while t < text.endIndex {
            if p < pattern.endIndex, pattern[p] == "*" {
                star = (p + 1, t)
                p += 1
            } else if p < pattern.endIndex, pattern[p] == "?" || pattern[p] == text[t] {
                (p, t) = (p + 1, t + 1)
            } else if let last = star {
                star = (last.pattern, last.text + 1)
                (p, t) = (last.pattern, last.text + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == "*" }
    }
}
