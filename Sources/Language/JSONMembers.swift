/// The text of a JSON object, checked as a whole, with the places of its members: each is read only when it is asked
/// for. Most members of a stream's frames never are, and of most frames none.
struct JSONMembers {
    /// Byte offsets.
    struct Member {
        /// Without its quotes.
        let key: Range<Int>
        /// Whether the key is ASCII without escapes.
        let isPlain: Bool
        let value: Range<Int>
    }

    private let bytes: [UInt8]
    private let members: [Member]

    /// - Returns: nil when the text is JSON, but no object.
    init?(_ bytes: [UInt8]) throws(JSONReader.Failure) {
        let found = try bytes.withUnsafeBufferPointer { bytes throws(JSONReader.Failure) in
            var reader = JSONReader(beginning: bytes)
            let members = try reader.members()
            try reader.end()
            return members
        }
        guard let found else { return nil }
        self.bytes = bytes
        members = found
    }

    /// A part of a text that was checked.
    private init?(_ bytes: [UInt8], at range: Range<Int>) throws(JSONReader.Failure) {
        let found = try bytes.withUnsafeBufferPointer { bytes throws(JSONReader.Failure) in
            var reader = JSONReader(beginning: UnsafeBufferPointer(rebasing: bytes[range]))
            return try reader.members()
        }
        guard let found else { return nil }
        self.bytes = bytes
        let start = range.lowerBound
        members = found.map { member in
            Member(
                key: member.key.lowerBound + start..<member.key.upperBound + start, isPlain: member.isPlain,
                value: member.value.lowerBound + start..<member.value.upperBound + start)
        }
    }

    /// The key of the first member.
    var firstKey: String? {
        members.first.flatMap { key($0) }
    }

    /// The first key that another member has, too.
    var repeatedKey: String? {
        var known: Set<ExactText> = []
        return members.lazy.compactMap { key($0) }.first { !known.insert(ExactText($0)).inserted }
    }

    /// The value of the first member with a key; nil when there is none.
    func value(_ key: String) -> Value? {
        place(of: key).flatMap { value(at: $0) }
    }

    /// Whether a member is a text, without making it where it is written as it is.
    func isText(_ key: String, _ text: String) -> Bool {
        guard let place = place(of: key), bytes[place.lowerBound] == UInt8(ascii: "\"") else { return false }
        let written = place.lowerBound + 1..<place.upperBound - 1
        let isPlain = !bytes[written].contains(UInt8(ascii: "\\"))
        return isPlain ? isWritten(text, at: written) : value(at: place)?.string?.isExactly(text) == true
    }

    /// The members of an object; nil when it is none.
    func members(of key: String) -> JSONMembers? {
        place(of: key).flatMap { members(at: $0) }
    }

    /// Whether a member is there, and not null.
    func has(_ key: String) -> Bool {
        place(of: key).map { bytes[$0.lowerBound] != UInt8(ascii: "n") } ?? false
    }

    /// The objects of a list; nil when it is none, or one of its elements is something else.
    func list(_ key: String) -> [JSONMembers]? {
        guard let range = place(of: key) else { return nil }
        // It was read without an error before.
        let elements = try? bytes.withUnsafeBufferPointer { bytes throws(JSONReader.Failure) in
            var reader = JSONReader(beginning: UnsafeBufferPointer(rebasing: bytes[range]))
            return try reader.elements()
        }
        guard let places = elements.flatMap(\.self) else { return nil }
        let objects = places.compactMap { place in
            members(at: place.lowerBound + range.lowerBound..<place.upperBound + range.lowerBound)
        }
        return objects.count == places.count ? objects : nil
    }

    private func members(at range: Range<Int>) -> JSONMembers? {
        // It was read without an error before.
        (try? JSONMembers(bytes, at: range)).flatMap(\.self)
    }

    private func value(at range: Range<Int>) -> Value? {
        // As above.
        try? bytes.withUnsafeBufferPointer { bytes throws(JSONReader.Failure) in
            try JSONReader.read(UnsafeBufferPointer(rebasing: bytes[range]))
        }
    }

    private func place(of key: String) -> Range<Int>? {
        members.first { isCalled($0, key) }?.value
    }

    private func isCalled(_ member: Member, _ name: String) -> Bool {
        guard member.isPlain else { return key(member).map { $0.isExactly(name) } ?? false }
        return isWritten(name, at: member.key)
    }

    private func isWritten(_ text: String, at range: Range<Int>) -> Bool {
        guard range.count == text.utf8.count else { return false }
        let isSame = bytes.withUnsafeBufferPointer { bytes in
            text.utf8.withContiguousStorageIfAvailable {
                UnsafeBufferPointer(rebasing: bytes[range]).isSame(as: $0)
            }
        }
        return isSame ?? bytes[range].elementsEqual(text.utf8)
    }

    private func key(_ member: Member) -> String? {
        value(at: member.key.lowerBound - 1..<member.key.upperBound + 1)?.string
    }
}

extension JSONReader {
    /// Skips an object, and finds its members; nil when it is no object, which is skipped, too.
    fileprivate mutating func members() throws(Failure) -> [JSONMembers.Member]? {
        skipSpace()
        guard next == UInt8(ascii: "{") else {
            try skip()
            return nil
        }
        var members: [JSONMembers.Member] = []
        members.reserveCapacity(8)
        try enter()
        while try goesOn(to: UInt8(ascii: "}"), isFirst: members.isEmpty) {
            let (key, isPlain) = try skipKey()
            let start = index
            try skip()
            members.append(JSONMembers.Member(key: key, isPlain: isPlain, value: start..<index))
        }
        return members
    }

    /// Skips a list, and finds its elements; nil when it is no list.
    fileprivate mutating func elements() throws(Failure) -> [Range<Int>]? {
        skipSpace()
        guard next == UInt8(ascii: "[") else { return nil }
        var elements: [Range<Int>] = []
        try enter()
        while try goesOn(to: UInt8(ascii: "]"), isFirst: elements.isEmpty) {
            skipSpace()
            let start = index
            try skip()
            elements.append(start..<index)
        }
        return elements
    }

    /// Skips a key, its colon, and the space after it.
    private mutating func skipKey() throws(Failure) -> (key: Range<Int>, isPlain: Bool) {
        guard next == UInt8(ascii: "\"") else { throw failure("A key is missing.") }
        let start = index + 1
        let isPlain = try skipString()
        let end = index - 1
        skipSpace()
        guard take(UInt8(ascii: ":")) else { throw failure("A colon is missing.") }
        skipSpace()
        return (start..<end, isPlain)
    }

    /// Skips a value, with the same errors as when it is read.
    private mutating func skip() throws(Failure) {
        skipSpace()
        switch next {
        case UInt8(ascii: "\""): _ = try skipString()
        case UInt8(ascii: "{"):
            try enter()
            var isFirst = true
            while try goesOn(to: UInt8(ascii: "}"), isFirst: isFirst) {
                _ = try skipKey()
                try skip()
                isFirst = false
            }
        case UInt8(ascii: "["):
            try enter()
            var isFirst = true
            while try goesOn(to: UInt8(ascii: "]"), isFirst: isFirst) {
                try skip()
                isFirst = false
            }
        case UInt8(ascii: "t"): _ = try word("true", .bool(true))
        case UInt8(ascii: "f"): _ = try word("false", .bool(false))
        case UInt8(ascii: "n"): _ = try word("null", .null)
        case .some: _ = try number()
        case nil: throw failure("The text ends before the value does.")
        }
    }

    /// - Returns: Whether it is ASCII without escapes.
    private mutating func skipString() throws(Failure) -> Bool {
        let start = index
        guard !skipPlainString() else { return true }
        index = start
        _ = try string()
        return false
    }
}
