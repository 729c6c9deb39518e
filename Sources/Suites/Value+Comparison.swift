import Language

extension Value {
    /// Whether two values are equal as JSON: `1` and `1.0` are, `1` and `"1"` are not.
    func isEquivalent(to other: Value) -> Bool {
        switch (self, other) {
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.isEquivalent(to: $1) }
        case (.object(let left), .object(let right)):
            return left.count == right.count
                && left.allSatisfy { right[exactly: $0.key]?.isEquivalent(to: $0.value) == true }
        case (.number, .integer), (.integer, .number), (.number, .bigInteger), (.bigInteger, .number):
            return isSameNumber(as: other)
        case (.string(let left), .string(let right)):
            return left.isExactly(right)
        case _:
            return self == other
        }
    }

    /// Whether every member of an expected object is here with an equal value, at every depth; arrays by element.
    func contains(subset expected: Value) -> Bool {
        switch (expected, self) {
        case (.object(let wanted), .object(let members)):
            return wanted.allSatisfy { members[exactly: $0.key]?.contains(subset: $0.value) == true }
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
    /// Whether it is JSON, also where that cannot be read whole.
    var isJSON: Bool {
        json != nil || lookAlikeKeys != nil
    }

    /// The text as JSON, a byte order mark left out; nil when it is not JSON, or cannot be read whole.
    var json: Value? {
        // The parser's reason is not needed: the message shows the text.
        try? Value(wholeJSON: withoutMark.utf8)
    }

    /// The keys that keep its JSON from being read whole; nil when it is read, or is no JSON.
    var lookAlikeKeys: LookAlikeKeys? {
        do {
            _ = try Value(wholeJSON: withoutMark.utf8)
            return nil
        } catch {
            return error as? LookAlikeKeys
        }
    }

    /// Whether it begins as an object or a list of JSON.
    var looksLikeJSON: Bool {
        trimmed.first.map { "{[".contains($0) } ?? false
    }

    private var withoutMark: String {
        unicodeScalars.first == "\u{FEFF}" ? String(unicodeScalars.dropFirst()) : self
    }

    /// The JSON that an answer is, or that its one Markdown code fence holds; nil when there is none.
    var jsonInAnswer: Value? {
        json ?? fenced?.json
    }

    /// As `lookAlikeKeys`, of the JSON that an answer is, or that its one Markdown code fence holds.
    var lookAlikeKeysInAnswer: LookAlikeKeys? {
        lookAlikeKeys ?? fenced?.lookAlikeKeys
    }

    /// The key that stands twice in an object that is the whole text, or in its one Markdown code fence; nil when none does.
    var repeatedKeyInAnswer: String? {
        Value.repeatedKey(inJSON: (json == nil ? fenced ?? "" : self).utf8)
    }

    /// What stands in a code fence that is the whole text: from the line after the opening one to the closing one.
    private var fenced: String? {
        let lines = withLineFeeds.trimmed.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count > 2, let first = lines.first, first.hasPrefix("```"), lines.last == "```" else { return nil }
        return lines.dropFirst().dropLast().joined(separator: "\n")
    }
}
