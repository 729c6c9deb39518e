/// Writes protocol buffers, as far as spans need them: varints, 64-bit numbers and length-delimited fields.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func field(_ number: Int, varint value: UInt64) {
        key(number, type: 0)
        varint(value)
    }

    mutating func field(_ number: Int, fixed value: UInt64) {
        key(number, type: 1)
        bytes += value.bytes.reversed()
    }

    mutating func field(_ number: Int, _ value: some Collection<UInt8>) {
        key(number, type: 2)
        varint(UInt64(value.count))
        bytes += value
    }

    mutating func field(_ number: Int, _ text: String) {
        field(number, text.utf8)
    }

    /// An embedded message.
    mutating func field(_ number: Int, message body: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        body(&inner)
        field(number, inner.bytes)
    }

    /// Fields that were written elsewhere.
    mutating func append(_ fields: ProtobufWriter) {
        bytes += fields.bytes
    }

    private mutating func key(_ number: Int, type: UInt64) {
        varint(UInt64(number) << 3 | type)
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
