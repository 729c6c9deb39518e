internal import FoundationEssentials

/// Free-form data, shaped as JSON.
package enum Value: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int)
    /// A whole number beyond 64 bits, in the digits that JSON has for it: `18446744073709551615`.
    case bigInteger(String)
    case number(Double)
    case string(String)
    case array([Value])
    case object([String: Value])
}

extension Value {
    /// Equal text is the same sequence of characters: unlike Swift's own comparison, this one tells a composed `é` from
    /// a decomposed one.
    package static func == (left: Value, right: Value) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.bigInteger(let left), .bigInteger(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.isExactly(right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left.isExactly(right)
        case (.null, _), (.bool, _), (.integer, _), (.bigInteger, _), (.number, _), (.string, _), (.array, _),
            (.object, _):
            false
        }
    }

    /// The text of a value inside a longer string: as in YAML, without quotes.
    package var interpolated: String {
        switch self {
        case .null: ""
        case .bool(let value): String(value)
        case .integer(let value): String(value)
        case .bigInteger(let digits): digits
        case .number(let value): String(value)
        case .string(let value): value
        case .array, .object: canonicalJSON
        }
    }

    /// JSON without white space, keys sorted by Unicode scalars, slashes not escaped: equal values, equal bytes.
    package var canonicalJSON: String {
        var writer = JSONWriter()
        writer.write(self)
        return writer.text
    }

    /// JSON indented by two spaces, keys sorted.
    package var prettyJSON: String { prettyJSON(atDepth: 0) }

    /// The same as a part of a larger text: its lines but the first are indented by so many levels more.
    package func prettyJSON(atDepth depth: Int) -> String {
        var writer = JSONWriter(indentation: 2, depth: depth)
        writer.write(self)
        return writer.text
    }

    package var string: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    package var integer: Int? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int(exactly: value)
        case .null, .bool, .bigInteger, .string, .array, .object: nil
        }
    }

    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .bigInteger(let digits): Double(digits)
        case .number(let value): value
        case .null, .bool, .string, .array, .object: nil
        }
    }

    package var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    package var array: [Value]? {
        guard case .array(let value) = self else { return nil }
        return value
    }

    package var object: [String: Value]? {
        guard case .object(let value) = self else { return nil }
        return value
    }

    /// The member with exactly this key.
    package subscript(key: String) -> Value? {
        object?[exactly: key]
    }

    /// Reads JSON text.
    /// - Throws: `DecodingError` when the bytes are not JSON.
    package init(json: some Collection<UInt8>) throws {
        self = try Value.read(json, tellsLookAlikes: false)
    }

    /// Reads JSON text of a user or a model, of which no member may be lost.
    /// - Throws: `LookAlikeKeys` for two keys that cannot be told apart, `DecodingError` when the bytes are not JSON.
    package init(wholeJSON json: some Collection<UInt8>) throws {
        self = try Value.read(json, tellsLookAlikes: true)
    }

    /// What keeps a text from being read whole, as a sentence; nil when nothing does.
    package static func problem(inJSON json: some Collection<UInt8>) -> String? {
        switch reading(json, tellsLookAlikes: true) {
        case .success: nil
        case .failure(let failure): failure.message
        }
    }

    /// The first key that stands twice in an object as JSON text, at its outermost level; nil when none does, or it is no such
    /// text.
    package static func repeatedKey(inJSON json: some Sequence<UInt8>) -> String? {
        // What is no JSON is told where it is read.
        (try? JSONMembers(Array(json))).flatMap(\.self)?.repeatedKey
    }

    private static func read(_ json: some Collection<UInt8>, tellsLookAlikes: Bool) throws -> Value {
        do {
            return try reading(json, tellsLookAlikes: tellsLookAlikes).get()
        } catch {
            if let key = error.lookAlike { throw LookAlikeKeys(key: key) }
            throw DecodingError.dataCorrupted(
                .init(codingPath: [], debugDescription: "No JSON at byte \(error.offset): \(error.message)"))
        }
    }

    private static func reading(
        _ json: some Collection<UInt8>, tellsLookAlikes: Bool
    ) -> Result<Value, JSONReader.Failure> {
        func read(_ bytes: UnsafeBufferPointer<UInt8>) -> Result<Value, JSONReader.Failure> {
            Result { () throws(JSONReader.Failure) in
                try JSONReader.read(bytes, tellsLookAlikes: tellsLookAlikes)
            }
        }
        return json.withContiguousStorageIfAvailable(read) ?? Array(json).withUnsafeBufferPointer(read)
    }

    /// Turns any encodable value into what its JSON would mean.
    package init(encoding value: some Encodable) throws {
        self = try ValueEncoder.value(of: value)
    }

    /// Turns free-form data into a typed value.
    /// - Throws: `DecodingError` when it has another shape.
    package func decoded<T: Decodable>(as type: T.Type = T.self) throws -> T {
        try ValueDecoder(self).decode(type)
    }
}

extension Value: Codable {
    package init(from decoder: any Decoder) throws {
        if let decoder = decoder as? ValueDecoder {
            self = decoder.value
            return
        }
        let container = try decoder.singleValueContainer()
        // A failed attempt is expensive, so the most frequent types come first.
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode([String: Value].self) {
            self = .object(value)
        } else if let value = try? container.decode([Value].self) {
            self = .array(value)
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else {
            self = .number(try container.decode(Double.self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        // Only `ValueEncoder`, which does not come here, keeps more digits than a decimal number has.
        case .bigInteger(let digits): try container.encode(Decimal(string: digits) ?? .nan)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

extension Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(arrayLiteral elements: Value...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, Value)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
}
