/// Encodes typed values into a `Value` as `JSONEncoder` does into JSON, without any text between.
///
/// A number that is a whole one within 64 bits becomes an integer, as it does when JSON is read.
struct ValueEncoder: Encoder {
    fileprivate let slot = Slot()
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// - Throws: `EncodingError` for a number that JSON does not have.
    static func value(of content: some Encodable) throws -> Value {
        let encoder = ValueEncoder(codingPath: [])
        try encoder.encode(content)
        return encoder.slot.value
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        if case .members = slot.content {} else { slot.content = .members([:]) }
        return KeyedEncodingContainer(ValueMembers(slot: slot, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if case .elements = slot.content {} else { slot.content = .elements([]) }
        return ValueItems(slot: slot, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        self
    }

    /// The number as JSON has it.
    fileprivate static func number(_ number: Double, at codingPath: [any CodingKey]) throws -> Value {
        guard number.isFinite else {
            throw EncodingError.invalidValue(
                number, .init(codingPath: codingPath, debugDescription: "JSON has no such number."))
        }
        return Int(exactly: number).map(Value.integer) ?? .number(number)
    }

    private func spelled(_ value: Value) throws -> Value {
        switch value {
        case .null, .bool, .integer, .bigInteger, .string: value
        case .number(let value): try Self.number(value, at: codingPath)
        case .array(let values): .array(try values.map(spelled))
        case .object(let members): .object(try members.mapValues(spelled))
        }
    }

    private func integer(_ value: some FixedWidthInteger) {
        slot.content = .value(Int(exactly: value).map(Value.integer) ?? .bigInteger(String(value)))
    }
}

/// Where a value goes that is encoded after its container was handed out.
private final class Slot {
    enum Content {
        case value(Value)
        case elements([Slot])
        case members([String: Member])
    }

    enum Member {
        case value(Value)
        case slot(Slot)

        var value: Value {
            switch self {
            case .value(let value): value
            case .slot(let slot): slot.value
            }
        }
    }

    var content = Content.value(.null)

    var value: Value {
        switch content {
        case .value(let value): value
        case .elements(let slots): .array(slots.map(\.value))
        case .members(let members): .object(members.mapValues(\.value))
        }
    }

    func add(_ slot: Slot) {
        guard case .elements(var slots) = content else { return }
        content = .value(.null)  // So that the array has one owner, and is not copied.
        slots.append(slot)
        content = .elements(slots)
    }

    func add(_ member: Member, for key: any CodingKey) {
        guard case .members(var members) = content else { return }
        content = .value(.null)  // As above.
        members[key.stringValue] = member
        content = .members(members)
    }
}

extension ValueEncoder: SingleValueEncodingContainer {
    func encodeNil() { slot.content = .value(.null) }
    func encode(_ value: Bool) { slot.content = .value(.bool(value)) }
    func encode(_ value: String) { slot.content = .value(.string(value)) }
    func encode(_ value: Double) throws { slot.content = .value(try Self.number(value, at: codingPath)) }
    func encode(_ value: Float) throws { try encode(Double("\(value)") ?? Double(value)) }
    func encode(_ value: Int) { integer(value) }
    func encode(_ value: Int8) { integer(value) }
    func encode(_ value: Int16) { integer(value) }
    func encode(_ value: Int32) { integer(value) }
    func encode(_ value: Int64) { integer(value) }
    func encode(_ value: UInt) { integer(value) }
    func encode(_ value: UInt8) { integer(value) }
    func encode(_ value: UInt16) { integer(value) }
    func encode(_ value: UInt32) { integer(value) }
    func encode(_ value: UInt64) { integer(value) }

    func encode<T: Encodable>(_ value: T) throws {
        if let value = value as? Value {
            slot.content = .value(try spelled(value))
        } else {
            try value.encode(to: self)
        }
    }
}

/// The members of an object.
private struct ValueMembers<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let slot: Slot
    let codingPath: [any CodingKey]

    func encodeNil(forKey key: Key) { slot.add(.value(.null), for: key) }
    func encode(_ value: Bool, forKey key: Key) { slot.add(.value(.bool(value)), for: key) }
    func encode(_ value: String, forKey key: Key) { slot.add(.value(.string(value)), for: key) }
    func encode(_ value: Double, forKey key: Key) throws { try member(key).encode(value) }
    func encode(_ value: Float, forKey key: Key) throws { try member(key).encode(value) }
    func encode(_ value: Int, forKey key: Key) { slot.add(.value(.integer(value)), for: key) }
    func encode(_ value: Int8, forKey key: Key) { member(key).encode(value) }
    func encode(_ value: Int16, forKey key: Key) { member(key).encode(value) }
    func encode(_ value: Int32, forKey key: Key) { member(key).encode(value) }
    func encode(_ value: Int64, forKey key: Key) { member(key).encode(value) }
    func encode(_ value: UInt, forKey key: Key) { member(key).encode(value) }
    func encode(_ value: UInt8, forKey key: Key) { member(key).encode(value) }
    func encode(_ value: UInt16, forKey key: Key) { member(key).encode(value) }
    func encode(_ value: UInt32, forKey key: Key) { member(key).encode(value) }
    func encode(_ value: UInt64, forKey key: Key) { member(key).encode(value) }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try member(key).encode(value) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        member(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { member(key).unkeyedContainer() }

    func superEncoder() -> any Encoder {
        let encoder = ValueEncoder(codingPath: codingPath)
        slot.add(.slot(encoder.slot), for: ValueIndex("super"))
        return encoder
    }

    func superEncoder(forKey key: Key) -> any Encoder { member(key) }

    private func member(_ key: Key) -> ValueEncoder {
        let encoder = ValueEncoder(codingPath: codingPath + [key])
        slot.add(.slot(encoder.slot), for: key)
        return encoder
    }
}

/// The elements of an array.
private struct ValueItems: UnkeyedEncodingContainer {
    let slot: Slot
    let codingPath: [any CodingKey]
    private(set) var count = 0

    init(slot: Slot, codingPath: [any CodingKey]) {
        self.slot = slot
        self.codingPath = codingPath
    }

    mutating func encodeNil() { element().encodeNil() }
    mutating func encode(_ value: Bool) { element().encode(value) }
    mutating func encode(_ value: String) { element().encode(value) }
    mutating func encode(_ value: Double) throws { try element().encode(value) }
    mutating func encode(_ value: Float) throws { try element().encode(value) }
    mutating func encode(_ value: Int) { element().encode(value) }
    mutating func encode(_ value: Int8) { element().encode(value) }
    mutating func encode(_ value: Int16) { element().encode(value) }
    mutating func encode(_ value: Int32) { element().encode(value) }
    mutating func encode(_ value: Int64) { element().encode(value) }
    mutating func encode(_ value: UInt) { element().encode(value) }
    mutating func encode(_ value: UInt8) { element().encode(value) }
    mutating func encode(_ value: UInt16) { element().encode(value) }
    mutating func encode(_ value: UInt32) { element().encode(value) }
    mutating func encode(_ value: UInt64) { element().encode(value) }
    mutating func encode<T: Encodable>(_ value: T) throws { try element().encode(value) }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        element().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { element().unkeyedContainer() }
    mutating func superEncoder() -> any Encoder { element() }

    private mutating func element() -> ValueEncoder {
        let encoder = ValueEncoder(codingPath: codingPath + [ValueIndex("Index \(count)")])
        count += 1
        slot.add(encoder.slot)
        return encoder
    }
}

/// A key that no type declares.
private struct ValueIndex: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ text: String) { stringValue = text }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}
