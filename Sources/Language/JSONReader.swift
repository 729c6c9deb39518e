/// Reads JSON text (RFC 8259) into a `Value`, in one pass over its bytes.
///
/// A number that is a whole one within 64 bits is an integer however it is written (`1.0`, `1e3`); a larger one keeps
/// its digits where it has neither fraction nor exponent. Of keys that stand twice the first counts; for keys
/// that differ only in Unicode normalisation, which an object here cannot hold side by side, the same may be an error.
/// Half of a surrogate pair, as some servers cut one in two, is read as U+FFFD. Nesting ends at 512 levels.
struct JSONReader: ~Copyable {
    /// What makes a text no JSON, and where: the offset of a byte, from 0.
    struct Failure: Error, Hashable {
        var message: String
        var offset: Int
        /// The second of two keys that differ only in Unicode normalisation.
        var lookAlike: String?
    }

    private static let deepest = 512

    let bytes: UnsafeBufferPointer<UInt8>
    var index = 0
    private var depth = 0
    private let tellsLookAlikes: Bool

    private init(_ bytes: UnsafeBufferPointer<UInt8>, tellsLookAlikes: Bool) {
        self.bytes = bytes
        self.tellsLookAlikes = tellsLookAlikes
    }

    /// Reads one value with nothing but white space around it.
    /// - Parameter tellsLookAlikes: Whether two keys of one object that differ only in Unicode normalisation are an
    ///   error.
    static func read(
        _ bytes: UnsafeBufferPointer<UInt8>, tellsLookAlikes: Bool = false
    ) throws(Failure) -> Value {
        var reader = JSONReader(beginning: bytes, tellsLookAlikes: tellsLookAlikes)
        let value = try reader.value()
        try reader.end()
        return value
    }

    /// After a byte order mark.
    init(beginning bytes: UnsafeBufferPointer<UInt8>, tellsLookAlikes: Bool = false) {
        self.init(bytes, tellsLookAlikes: tellsLookAlikes)
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { index = 3 }
    }

    /// Nothing but white space may follow.
    mutating func end() throws(Failure) {
        skipSpace()
        guard index == bytes.count else { throw failure("Something follows the value.") }
    }

    private mutating func value() throws(Failure) -> Value {
        skipSpace()
        switch next {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case .some: return try number()
        case nil: throw failure("The text ends before the value does.")
        }
    }

    private mutating func object() throws(Failure) -> [String: Value] {
        try enter()
        var object: [String: Value] = [:]
        while try goesOn(to: UInt8(ascii: "}"), isFirst: object.isEmpty) {
            guard next == UInt8(ascii: "\"") else { throw failure("A key is missing.") }
            let key = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw failure("A colon is missing.") }
            let value = try value()
            if object.isEmpty { object.reserveCapacity(6) }  // Rather than to grow at 1 and 3.
            guard let first = object.updateValue(value, forKey: key) else { continue }
            object[key] = first
            if tellsLookAlikes, let known = object.index(forKey: key), !object[known].key.isExactly(key) {
                var failure = failure("Two keys of one object differ only in Unicode normalisation.")
                failure.lookAlike = key
                throw failure
            }
        }
        return object
    }

    private mutating func array() throws(Failure) -> [Value] {
        try enter()
        var array: [Value] = []
        while try goesOn(to: UInt8(ascii: "]"), isFirst: array.isEmpty) { array.append(try value()) }
        return array
    }

    mutating func enter() throws(Failure) {
        depth += 1
        guard depth <= Self.deepest else { throw failure("There are more than \(Self.deepest) levels.") }
        index += 1
    }

    /// Moves to the next element; false at the end of the group, which is skipped.
    mutating func goesOn(to end: UInt8, isFirst: Bool) throws(Failure) -> Bool {
        skipSpace()
        if take(end) {
            depth -= 1
            return false
        }
        if isFirst { return true }
        guard take(UInt8(ascii: ",")) else { throw failure("A comma is missing.") }
        skipSpace()
        return true
    }

    mutating func word(_ word: StaticString, _ value: Value) throws(Failure) -> Value {
        let end = index + word.utf8CodeUnitCount
        guard end <= bytes.count, bytes[index..<end].elementsEqual(UnsafeBufferPointer(of: word)) else {
            throw failure("There is no such word.")
        }
        index = end
        return value
    }

    mutating func number() throws(Failure) -> Value {
        let start = index
        _ = take(UInt8(ascii: "-"))
        let first = next
        let count = digits()
        guard count > 0 else { throw failure("There is no such value.") }
        guard first != UInt8(ascii: "0") || index - start <= 2 && bytes[index - 1] == first else {
            throw failure("A number begins with 0.")
        }
        if count <= 18, !(next.map(Self.extends) ?? false) { return .integer(whole(from: start)) }
        var isWhole = true
        if take(UInt8(ascii: ".")) {
            isWhole = false
            guard digits() > 0 else { throw failure("Digits are missing.") }
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isWhole = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard digits() > 0 else { throw failure("Digits are missing.") }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isWhole { return Int(text).map(Value.integer) ?? .bigInteger(text) }
        guard let number = Double(text), number.isFinite else { throw failure("The number is too large.") }
        return Int(exactly: number).map(Value.integer) ?? .number(number)
    }

    /// Whether a byte behind the digits of a number belongs to it.
    private static func extends(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ".") || byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E")
    }

    /// At most 18 digits, which an `Int` holds in any case, up to here.
    private func whole(from start: Int) -> Int {
        let isNegative = bytes[start] == UInt8(ascii: "-")
        var number = 0
        for place in (isNegative ? start + 1 : start)..<index { number = number * 10 + Int(bytes[place] & 0x0F) }
        return isNegative ? -number : number
    }

    private mutating func digits() -> Int {
        let start = index
        while let digit = next, UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit { index += 1 }
        return index - start
    }

    mutating func string() throws(Failure) -> String {
        let start = index + 1
        if skipPlainString() {
            // ASCII needs no validation, which costs more than all else about a short text.
            return String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<index - 1]), as: UTF8.self)
        }
        guard next == UInt8(ascii: "\\") else { return try ended(bytes[start..<index]) }
        var text = Array(bytes[start..<index])
        while let byte = next, byte != UInt8(ascii: "\""), byte >= 0x20 {
            index += 1
            if byte == UInt8(ascii: "\\") { try escape(into: &text) } else { text.append(byte) }
        }
        return try ended(text)
    }

    /// Skips a string of ASCII without escapes; of any other string, only its beginning of such characters.
    mutating func skipPlainString() -> Bool {
        index += 1
        var bits: UInt8 = 0
        while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
            bits |= byte
            index += 1
        }
        return bits < 0x80 && take(UInt8(ascii: "\""))
    }

    private mutating func ended(_ text: some Sequence<UInt8>) throws(Failure) -> String {
        guard take(UInt8(ascii: "\"")) else {
            throw failure(next == nil ? "A string does not end." : "A string holds a control character.")
        }
        guard let string = String(validating: text, as: UTF8.self) else { throw failure("A string is not UTF-8.") }
        return string
    }

    private mutating func escape(into text: inout [UInt8]) throws(Failure) {
        guard let mark = next else { throw failure("A string does not end.") }
        index += 1
        switch mark {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(mark)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: UTF8.encode(try scalar()) ?? .init())
        case _:
            index -= 2
            throw failure("There is no such escape.")
        }
    }

    /// What stands behind `\u`: one escape, or two that are a surrogate pair.
    private mutating func scalar() throws(Failure) -> Unicode.Scalar {
        let high = try hexadecimal()
        if let scalar = Unicode.Scalar(high) { return scalar }
        let behind = index
        if 0xD800..<0xDC00 ~= high, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
            let low = try hexadecimal()
            if 0xDC00..<0xE000 ~= low, let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)) {
                return scalar
            }
        }
        index = behind
        return "\u{FFFD}"
    }

    private mutating func hexadecimal() throws(Failure) -> UInt32 {
        var number: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = next.flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else {
                throw failure("Hexadecimal digits are missing.")
            }
            number = number << 4 + UInt32(digit)
            index += 1
        }
        return number
    }

    var next: UInt8? {
        index < bytes.count ? bytes[index] : nil
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        index += 1
        return true
    }

    mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    func failure(_ message: String) -> Failure {
        Failure(message: message, offset: index)
    }
}

extension UnsafeBufferPointer<UInt8> {
    fileprivate init(of text: StaticString) {
        self.init(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }
}
