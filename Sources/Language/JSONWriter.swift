/// Writes values as JSON: keys sorted, floats in Swift's shortest form, control characters escaped. A logged agent
/// writes the same with Python's `json.dumps`, so that both find a server agent by the digest of its definition.
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []
    private let indentation: Int
    private var depth: Int
    /// Whether what was opened last has no member yet.
    private var isEmpty = false

    /// - Parameters:
    ///   - indentation: The spaces of a level; 0 for JSON without white space.
    ///   - depth: The level at which the value stands in a larger text.
    package init(indentation: Int = 0, depth: Int = 0) {
        self.indentation = indentation
        self.depth = depth
    }

    /// Makes room for so many bytes.
    package mutating func reserve(_ count: Int) {
        bytes.reserveCapacity(count)
    }

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    package mutating func write(_ value: Value) {
        switch value {
        case .null: add("null")
        case .bool(let value): add(value ? "true" : "false")
        case .integer(let value): write(value)
        case .bigInteger(let digits): add(digits)
        case .number(let value): add(value.isFinite ? spelled(value) : "null")
        case .string(let value): write(value)
        case .array(let values): write(values)
        case .object(let object): write(object)
        }
    }

    private mutating func write(_ values: [Value]) {
        begin("[")
        for (index, value) in values.enumerated() {
            separate(first: index == 0)
            write(value)
        }
        end("]", isEmpty: values.isEmpty)
    }

    private mutating func write(_ object: [String: Value]) {
        begin("{")
        // The order of UTF-8 is the one of Unicode scalars.
        let members = object.sorted { $0.key.precedesExactly($1.key) }
        for (index, (key, value)) in members.enumerated() {
            separate(first: index == 0)
            write(key)
            endKey()
            write(value)
        }
        end("}", isEmpty: object.isEmpty)
    }

    private func spelled(_ number: Double) -> String {
        if let integer = Int(exactly: number), abs(number) < 1e15 { return "\(integer).0" }
        return "\(number)"
    }

    private mutating func add(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    mutating func open(_ mark: Unicode.Scalar) {
        begin(mark)
        isEmpty = true
    }

    mutating func close(_ mark: Unicode.Scalar) {
        end(mark, isEmpty: isEmpty)
        isEmpty = false
    }

    mutating func separateMembers() {
        separate(first: isEmpty)
        isEmpty = false
    }

    mutating func key(_ key: StaticString) {
        separateMembers()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
        endKey()
    }

    mutating func member(named key: String, _ write: (inout JSONWriter) -> Void) {
        separateMembers()
        self.write(key)
        endKey()
        write(&self)
    }

    private mutating func endKey() {
        bytes.append(UInt8(ascii: ":"))
        if indentation > 0 { bytes.append(UInt8(ascii: " ")) }
    }

    package mutating func write(_ number: Int) {
        guard number >= 0, number < 10 else { return add(String(number)) }
        bytes.append(UInt8(ascii: "0") + UInt8(number))
    }

    /// Bytes that are JSON already.
    package mutating func add(written json: some Sequence<UInt8>) {
        bytes.append(contentsOf: json)
    }

    private mutating func begin(_ mark: Unicode.Scalar) {
        bytes.append(UInt8(ascii: mark))
        depth += 1
    }

    private mutating func end(_ mark: Unicode.Scalar, isEmpty: Bool) {
        depth -= 1
        if !isEmpty { breakLine() }
        bytes.append(UInt8(ascii: mark))
    }

    private mutating func separate(first: Bool) {
        if !first { bytes.append(UInt8(ascii: ",")) }
        breakLine()
    }

    private mutating func breakLine() {
        guard indentation > 0 else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * indentation))
    }

    package mutating func write(_ string: String) {
        bytes.append(UInt8(ascii: "\""))
        if !(string.utf8.withContiguousStorageIfAvailable { append($0) } ?? false) {
            for scalar in string.unicodeScalars { write(scalar) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// - Returns: Whether it was appended: not where other characters than ASCII may have to be escaped.
    private mutating func append(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard indentation == 0 || text.allSatisfy(isPlain) else { return false }
        var rest = text[...]
        while let mark = rest.firstIndex(where: { !isPlain($0) }) {
            bytes.append(contentsOf: rest[..<mark])
            write(Unicode.Scalar(text[mark]))
            rest = rest[(mark + 1)...]
        }
        bytes.append(contentsOf: rest)
        return true
    }

    /// Whether a byte is a character that stands for itself.
    private func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
            && (byte < 0x7F || indentation == 0)  // What is shown may hold control characters beyond ASCII.
    }

    private mutating func write(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": add("\\\"")
        case "\\": add("\\\\")
        case "\n": add("\\n")
        case "\r": add("\\r")
        case "\t": add("\\t")
        case "\u{8}": add("\\b")
        case "\u{C}": add("\\f")
        // What may be shown on a terminal is also escaped where it is legal as it is.
        case _ where scalar.value < 0x20 || indentation > 0 && Printable.isControl(scalar):
            let hex = String(scalar.value, radix: 16)
            add("\\u" + String(repeating: "0", count: 4 - hex.count) + hex)
        case _: bytes.append(contentsOf: UTF8.encode(scalar) ?? .init())
        }
    }
}
