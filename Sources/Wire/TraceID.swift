/// The id of a trace, 16 bytes as in OpenTelemetry: chosen by the client, so that writing a trace again is idempotent.
/// MLflow shows it as `tr-` and 32 hexadecimal digits.
package struct TraceID: Sendable, Hashable, Codable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A new, unique id.
    package static func random(using generator: inout some RandomNumberGenerator) -> TraceID {
        TraceID(high: .random(in: 1...(.max), using: &generator), low: .random(in: 1...(.max), using: &generator))
    }

    /// A new, unique id.
    package static func random() -> TraceID {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    /// 32 digits in lower case.
    package var hexadecimal: String {
        high.hexadecimal + low.hexadecimal
    }

    /// In network byte order.
    var bytes: [UInt8] {
        high.bytes + low.bytes
    }

    /// The id of the span at an index: never zero, and unique in the trace.
    package func spanID(at index: Int) -> UInt64 {
        let id = low ^ UInt64(index + 1)
        return id == 0 ? .max : id
    }
}

extension UInt64 {
    /// 16 digits in lower case.
    var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// In network byte order.
    var bytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: self >> (56 - 8 * $0)) }
    }
}
