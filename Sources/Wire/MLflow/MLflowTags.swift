import Language

/// Key and value as MLflow lists tags, parameters and aliases; the server omits an empty value.
struct MLflowPair: Sendable, Hashable, Decodable {
    var key: String
    var value: String

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        key = try fields.decode(String.self, forKey: .key)
        value = try fields.decodeIfPresent(String.self, forKey: .value) ?? ""
    }

    private enum CodingKeys: String, CodingKey {
        case key, value
    }
}

extension [String: String] {
    /// Whether they include all of some tags.
    package func hold(_ tags: [String: String]) -> Bool {
        tags.allSatisfy { self[$0.key] == $0.value }
    }
}

extension KeyedDecodingContainer {
    /// The pairs of a list as a dictionary; empty when the list is omitted.
    func pairs(_ key: Key) throws -> [String: String] {
        let pairs = try decodeIfPresent([MLflowPair].self, forKey: key) ?? []
        return Dictionary(pairs.map { ($0.key, $0.value) }) { _, last in last }
    }

    /// A text that the server omits when it is empty.
    func text(_ key: Key) throws -> String {
        try decodeIfPresent(String.self, forKey: key) ?? ""
    }
}

extension Value {
    /// Tags or parameters as MLflow takes them, `[{"key", "value"}]`, sorted by key.
    static func pairs(_ pairs: [String: String]) -> Value {
        .array(pairs.sorted { $0.key < $1.key }.map { ["key": .string($0.key), "value": .string($0.value)] })
    }

    /// An object without the fields that have no value.
    static func fields(_ fields: [String: Value?]) -> Value {
        .object(fields.compactMapValues { $0 })
    }
}
