/// The members of a JSON object, read one by one: for what is read so often that generic decoding would cost more than
/// all else about it.
package struct ObjectFields {
    /// A member is missing, or of another kind. Nothing says which one.
    package struct Mismatch: Error, Hashable {
        package init() {}
    }

    private enum Members {
        case made([String: Value])
        /// As text; a member is made into a value only when it is asked for.
        case written(JSONMembers)
    }

    private let members: Members

    /// - Throws: When it is no object.
    package init(_ value: Value?) throws(Mismatch) {
        guard case .object(let members)? = value else { throw Mismatch() }
        self.members = .made(members)
    }

    /// The members of an object as JSON text.
    /// - Throws: When it is none, or no JSON.
    package init(json: [UInt8]) throws(Mismatch) {
        let written: JSONMembers?
        do throws(JSONReader.Failure) {
            written = try JSONMembers(json)
        } catch {
            throw Mismatch()
        }
        members = .written(try written.needed())
    }

    private init(_ members: JSONMembers) {
        self.members = .written(members)
    }

    /// The key of the first member, where it is read from text.
    package var firstKey: String? {
        switch members {
        case .made(let members): members.keys.first
        case .written(let members): members.firstKey
        }
    }

    /// As it is; nil when it is missing or null.
    package func value(_ key: String) -> Value? {
        let value =
            switch members {
            case .made(let members): members[key]
            case .written(let members): members.value(key)
            }
        guard let value else { return nil }
        if case .null = value { return nil }
        return value
    }

    package func text(_ key: String) throws(Mismatch) -> String? {
        guard let value = value(key) else { return nil }
        guard case .string(let text) = value else { throw Mismatch() }
        return text
    }

    /// Whether a member is this text.
    package func isText(_ key: String, _ text: String) -> Bool {
        switch members {
        case .made(let members): members[key]?.string?.isExactly(text) == true
        case .written(let members): members.isText(key, text)
        }
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
        switch members {
        case .made:
            guard let value = value(key) else { return nil }
            return try read(ObjectFields(value))
        case .written(let members):
            guard members.has(key) else { return nil }
            return try read(ObjectFields(members.members(of: key).needed()))
        }
    }

    /// A list of objects.
    package func objects<Element>(
        _ key: String, _ read: (ObjectFields) throws(Mismatch) -> Element
    ) throws(Mismatch) -> [Element]? {
        switch members {
        case .made:
            return try list(key) { value throws(Mismatch) in try read(ObjectFields(value)) }
        case .written(let members):
            guard members.has(key) else { return nil }
            return try members.list(key).needed().map { object throws(Mismatch) in try read(ObjectFields(object)) }
        }
    }

    private func list<Element>(
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
