/// Identifies a declaration by its kind and its declared name, written `vectorStores.handbook`.
package struct Address: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The key of the spec that holds declarations of its kind, such as `vectorStores`.
    package let kind: String
    package let name: String

    package init(_ kind: String, _ name: String) {
        self.kind = kind
        self.name = name
    }

    /// Reads `kind.name` or `kind/name`; nil for everything else.
    package init?(text: String) {
        guard let separator = text.firstIndex(where: { $0 == "." || $0 == "/" }) else { return nil }
        self.init(String(text[..<separator]), String(text[text.index(after: separator)...]))
        guard !kind.isEmpty, !name.isEmpty else { return nil }
    }

    package var description: String {
        "\(kind).\(name)"
    }

    package static func < (left: Address, right: Address) -> Bool {
        (left.kind, left.name) < (right.kind, right.name)
    }
}

extension Address: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let address = Address(text: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "It is no address.")
        }
        self = address
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// The name of a stack, as `stack:` says: `[a-z][a-z0-9-]{0,62}`.
package struct StackName: Sendable, Hashable, CustomStringConvertible {
    package let name: String

    package init(_ name: String) {
        self.name = name
    }

    package var description: String {
        name
    }
}
