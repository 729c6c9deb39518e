import Language

extension Value {
    /// Whether a number is a multiple of another as both are written, in decimal digits, or near enough for what a program has
    /// computed: `0.30000000000000004` is one of `0.1`. Nil when one is no number, or the other is 0.
    func isMultiple(of step: Value) -> Bool? {
        guard let number = double, let by = step.double, by != 0, string == nil, step.string == nil else { return nil }
        if let digits = DecimalDigits(self), let others = DecimalDigits(step),
            let isMultiple = digits.isMultiple(of: others), isMultiple
        {
            return true
        }
        let ratio = number / by
        // Of larger ones a few units in the last place are no small part of the step any more.
        return abs(ratio) < 1e6 && ratio.rounded() != 0 && abs(ratio - ratio.rounded()) <= 4 * ratio.ulp
    }
}

/// The digits of a number without its sign, neither the first nor the last of which is 0, times a power of ten.
private struct DecimalDigits {
    private var digits: [UInt8]
    private var exponent = 0

    init?(_ value: Value) {
        let text: String
        switch value {
        case .integer(let number): text = "\(number)"
        case .bigInteger(let digits): text = digits
        case .number(let number) where number.isFinite: text = "\(number)"
        case .null, .bool, .number, .string, .array, .object: return nil
        }
        let parts = text.split(separator: "e")
        guard let mantissa = parts.first, let power = parts.count > 1 ? Int(parts[1]) : 0 else { return nil }
        let fraction = mantissa.firstIndex(of: ".").map { mantissa[$0...].utf8.count - 1 } ?? 0
        digits = mantissa.utf8.filter { (0x30...0x39).contains($0) }.map { $0 - 0x30 }
        exponent = power - fraction
        digits = Array(digits.drop { $0 == 0 })
        while digits.last == 0 {
            digits.removeLast()
            exponent += 1
        }
    }

    /// - Returns: Nil when the other has too many digits.
    func isMultiple(of other: DecimalDigits) -> Bool? {
        if digits.isEmpty { return true }
        guard let step = UInt64(other.digits.map(String.init).joined()), step != 0 else { return nil }
        // The last digit is no 0, and that of every multiple would be one.
        guard exponent >= other.exponent else { return false }
        var rest: UInt128 = 0
        for digit in digits { rest = (rest * 10 + UInt128(digit)) % UInt128(step) }
        for _ in other.exponent..<exponent { rest = rest * 10 % UInt128(step) }
        return rest == 0
    }
}
