/// Writes objects member by member, without a `Value` of the whole. Callers name the members in the order of their
/// keys, as `canonicalJSON` has them; keys are ASCII without quotes.
extension JSONWriter {
    package mutating func object<E: Error>(_ members: (inout JSONWriter) throws(E) -> Void) throws(E) {
        open("{")
        try members(&self)
        close("}")
    }

    package mutating func member<E: Error>(
        _ key: StaticString, _ write: (inout JSONWriter) throws(E) -> Void
    ) throws(E) {
        self.key(key)
        try write(&self)
    }

    package mutating func member(_ key: StaticString, _ text: String) {
        self.key(key)
        write(text)
    }

    package mutating func member(_ key: StaticString, _ number: Int) {
        self.key(key)
        write(number)
    }

    package mutating func member(_ key: StaticString, _ flag: Bool) {
        self.key(key)
        write(.bool(flag))
    }

    package mutating func member(_ key: StaticString, _ value: Value) {
        self.key(key)
        write(value)
    }

    package mutating func member<Elements: Sequence, E: Error>(
        _ key: StaticString, _ elements: Elements, _ write: (Elements.Element, inout JSONWriter) throws(E) -> Void
    ) throws(E) {
        self.key(key)
        open("[")
        for element in elements {
            separateMembers()
            try write(element, &self)
        }
        close("]")
    }

    /// A member of any type; for those that are rare.
    package mutating func member(_ key: StaticString, encoding content: some Encodable) throws {
        self.key(key)
        write(try Value(encoding: content))
    }
}
