package import Language

/// A value of a live object that others may reference: `id` in `${vectorStores.handbook.id}`.
///
/// A typed output is passed unchanged from the resource that provides it to the one that uses it; it is encoded only
/// when a spec references it as data.
package enum Output: Sendable {
    case plain(Value)
    case typed(any Encodable & Sendable)

    /// The output as data. A typed output is encoded on each call.
    /// - Returns: nil when a typed output does not encode, which no type of ours does.
    package var value: Value? {
        switch self {
        case .plain(let value): value
        case .typed(let content): try? Value(encoding: content)
        }
    }

    /// The output as its type; plain data is decoded.
    /// - Throws: `DecodingError` when it is neither of this type nor data of its shape.
    package func decoded<T: Decodable>(as type: T.Type = T.self) throws -> T {
        switch self {
        case .plain(let value): return try value.decoded()
        case .typed(let content):
            if let content = content as? T { return content }
            return try Value(encoding: content).decoded()
        }
    }

    package var string: String? { plain?.string }

    package var integer: Int? { plain?.integer }

    package var object: [String: Value]? { plain?.object }

    /// The data, where it is given as such.
    package var plain: Value? {
        guard case .plain(let value) = self else { return nil }
        return value
    }

    package subscript(key: String) -> Value? {
        plain?[key]
    }

    package static func string(_ text: String) -> Output { .plain(.string(text)) }

    package static func integer(_ number: Int) -> Output { .plain(.integer(number)) }
}

extension Output: ExpressibleByBooleanLiteral {
    package init(booleanLiteral value: Bool) { self = .plain(.bool(value)) }
}
