extension Value {
    /// Whether this is a number that JSON Schema calls an integer: one without a fraction.
    package var isWholeNumber: Bool {
        switch self {
        case .integer, .bigInteger: true
        case .number(let value): value.isFinite && value == value.rounded()
        case .null, .bool, .string, .array, .object: false
        }
    }

    /// Whether two numbers are equal, whatever their spelling: `1` and `1.0` are, and digits beyond those of a `Double`
    /// count.
    package func isSameNumber(as other: Value) -> Bool {
        if let shortest, shortest == other.digits { return true }
        if let shortest = other.shortest, shortest == digits { return true }
        if let digits, let others = other.digits { return digits == others }
        guard let double, let others = other.double else { return false }
        return digits == nil && other.digits == nil && double == others
    }

    /// The order of two numbers, by all their digits where both are whole; nil when one is no number.
    package func isLess(than other: Value) -> Bool? {
        guard let double, let others = other.double else { return nil }
        guard let digits, let otherDigits = other.digits, double == others else { return double < others }
        let isNegative = digits.hasPrefix("-")
        if digits.utf8.count != otherDigits.utf8.count {
            return (digits.utf8.count < otherDigits.utf8.count) != isNegative
        }
        return isNegative ? otherDigits < digits : digits < otherDigits
    }

    /// The decimal digits of a large whole `Double` as it is written, with zeros for the digits that it does not give,
    /// as in `1e30`, which a `Double` cannot hold exactly; nil for all others.
    private var shortest: String? {
        guard case .number(let value) = self, value.isFinite else { return nil }
        let parts = "\(value)".split(separator: "e")
        guard parts.count == 2, let exponent = Int(parts[1]) else { return nil }
        let mantissa = parts[0].split(separator: ".")
        let fraction = mantissa.count == 2 && mantissa[1] != "0" ? String(mantissa[1]) : ""
        guard let whole = mantissa.first, fraction.utf8.count <= exponent else { return nil }
        return whole + fraction + String(repeating: "0", count: exponent - fraction.utf8.count)
    }

    /// The decimal digits of a whole number; nil for all others, and for a `Double` beyond 128 bits.
    private var digits: String? {
        switch self {
        case .integer(let value): String(value)
        case .bigInteger(let digits): digits
        case .number(let value): Int128(exactly: value).map { String($0) }
        case .null, .bool, .string, .array, .object: nil
        }
    }
}
