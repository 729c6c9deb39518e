/// The members of a JSON object, read one by one: for what is read so often that generic decoding would cost more than all
/// else about it.
package struct ObjectFields {
    /// A member is missing, or of another kind. Nothing says which one.
    package struct Mismatch: Error, Hashable {
        package init() {}
    }

    private let members: [String: Value]

    /// - Throws: When it is no object.
    package init(_ value: Value?) throws(Mismatch) {
        guard case .object(let members)? = value else { throw Mismatch() }
        self.members = members
    }

    /// As it is; nil when it is missing or null.
    package func value(_ key: String) -> Value? {
        guard let value = members[key] else { return nil }
        if case .null = value { return nil }
        return value
    }

    package func text(_ key: String) throws(Mismatch) -> String? {
        guard let value = value(key) else { return nil }
        guard case .string(let text) = value else { throw Mismatch() }
        return text
    }

    package func integer(_ key: String) throws(Mismatch) -> Int? {
        guard let value = value(key) else { return nil }
        guard let integer = value.integer else { throw Mismatch() }
        return integer
    }

    package func double(_ key: String) throws(Mismatch) -> Double? {
        guard let value = value(key) else { return nil }
        guard let double = value.double else { throw Mismatch() }
        return double
    }

    package func bool(_ key: String) throws(Mismatch) -> Bool? {
        guard let value = value(key) else { return nil }
        guard case .bool(let bool) = value else { throw Mismatch() }
        return bool
    }

    package func texts(_ key: String) throws(Mismatch) -> [String]? {
        try list(key) { value throws(Mismatch) in
            guard case .string(let text) = value else { throw Mismatch() }
            return text
        }
    }

    package func object<Object>(
        _ key: String, _ read: (ObjectFields) throws(Mismatch) -> Object
    ) throws(Mismatch) -> Object? {
        guard let value = value(key) else { return nil }
        return try read(ObjectFields(value))
    }

    package func list<Element>(
        _ key: String, _ read: (Value) throws(Mismatch) -> Element
    ) throws(Mismatch) -> [Element]? {
        guard let value = value(key) else { return nil }
        guard case .array(let elements) = value else { throw Mismatch() }
        return try elements.map(read)
    }

    /// A member of any type, decoded as `Value.decoded` does; for those that are rare.
    package func decoded<Member: Decodable>(
        _ key: String, as type: Member.Type = Member.self
    ) throws(Mismatch) -> Member? {
        guard let value = value(key) else { return nil }
        do {
            return try value.decoded(as: type)
        } catch {
            throw Mismatch()
        }
    }
}

extension Optional {
    /// A member that must be there.
    package func needed() throws(ObjectFields.Mismatch) -> Wrapped {
        guard let self else { throw ObjectFields.Mismatch() }
        return self
    }
}
