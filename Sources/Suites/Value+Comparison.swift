import Language

extension Value {
    /// Whether two values are equal as JSON: `1` and `1.0` are, `1` and `"1"` are not.
    func isEquivalent(to other: Value) -> Bool {
        switch (self, other) {
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.isEquivalent(to: $1) }
        case (.object(let left), .object(let right)):
            return left.count == right.count && left.allSatisfy { right[$0.key]?.isEquivalent(to: $0.value) == true }
        case (.number, .integer), (.integer, .number), (.number, .bigInteger), (.bigInteger, .number):
            return isSameNumber(as: other)
        case _:
            return self == other
        }
    }

    /// Whether every member of an expected object is here with an equal value, at every depth; arrays by element.
    func contains(subset expected: Value) -> Bool {
        switch (expected, self) {
        case (.object(let wanted), .object(let members)):
            return wanted.allSatisfy { members[$0.key]?.contains(subset: $0.value) == true }
        case (.array(let wanted), .array(let elements)):
            return wanted.count == elements.count && zip(elements, wanted).allSatisfy { $0.contains(subset: $1) }
        case _:
            return isEquivalent(to: expected)
        }
    }

    /// A value for messages: text without quotes, everything else as JSON.
    var shown: String {
        string ?? canonicalJSON
    }
}

extension String {
    /// The text as JSON; nil when it is not JSON.
    var json: Value? {
        // The parser's reason is not needed: the message shows the text.
        try? Value(json: utf8)
    }
}
