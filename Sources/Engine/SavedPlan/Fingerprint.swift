import Language

/// Says whether a live object is as it was: a digest of its label and of the fields that drover compares.
package struct Fingerprint: Sendable, Hashable, Codable, CustomStringConvertible {
    /// Lower-case hexadecimal.
    package let description: String

    package init(label: String, fields: AppliedFields) {
        let content: Value = .object(["label": .string(label), "fields": .object(fields)])
        description = sha256Hex(Array(content.canonicalJSON.utf8))
    }

    package init(from decoder: any Decoder) throws {
        description = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
