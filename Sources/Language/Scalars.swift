/// Resolves plain scalars by the core schema of YAML 1.2, and nothing else.
///
///     null ~ true FALSE 12 0o17 0x1F 1.5e3 .inf       # not strings
///     yes no on 22:30 1_000 2024-01-01                # strings
enum Scalars {
    enum Meaning: Hashable {
        case null
        case bool(Bool)
        case integer(Int)
        /// In decimal digits.
        case bigInteger(String)
        case number(Double)
        case string
        /// A hexadecimal or octal number that does not fit into 64 bits.
        case integerOutOfRange
        /// A number with a fraction or exponent that is too large for a `Double`.
        case numberOutOfRange
    }

    /// The meaning of the text of a plain scalar.
    static func meaning(of text: UnsafeBufferPointer<UInt8>) -> Meaning {
        guard let first = text.first else { return .null }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            return number(text)
        case UInt8(ascii: "~"):
            return text.count == 1 ? .null : .string
        case UInt8(ascii: "n"), UInt8(ascii: "N"), UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: "f"),
            UInt8(ascii: "F"):
            return word(text)
        default:
            return .string
        }
    }

    private static func word(_ text: UnsafeBufferPointer<UInt8>) -> Meaning {
        guard text.count == 4 || text.count == 5 else { return .string }
        switch String(decoding: text, as: UTF8.self) {
        case "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: return .string
        }
    }

    private static func number(_ text: UnsafeBufferPointer<UInt8>) -> Meaning {
        if text.count > 2, text[0] == UInt8(ascii: "0"), text[1] == UInt8(ascii: "x") || text[1] == UInt8(ascii: "o") {
            return integer(text[2...], radix: text[1] == UInt8(ascii: "x") ? 16 : 8)
        }
        let isSigned = text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "+")
        let digits = text[(isSigned ? 1 : 0)...]
        switch NumberShape(digits) {
        case .integer: return integer(text[...], radix: 10)
        case .number: return finite(text)
        case .infinity: return .number(text[0] == UInt8(ascii: "-") ? -.infinity : .infinity)
        case .notANumber: return isSigned ? .string : .number(.nan)
        case .none: return .string
        }
    }

    private static func integer(_ text: Slice<UnsafeBufferPointer<UInt8>>, radix: Int) -> Meaning {
        let string = String(decoding: text, as: UTF8.self)
        guard radix == 10 || text.allSatisfy({ isDigit($0, radix: radix) }) else { return .string }
        if let integer = Int(string, radix: radix) { return .integer(integer) }
        return radix == 10 ? .bigInteger(decimal(string)) : .integerOutOfRange
    }

    /// The digits without a plus sign and leading zeros.
    private static func decimal(_ text: String) -> String {
        let sign = text.hasPrefix("-") ? "-" : ""
        return sign + text.drop { $0 == "-" || $0 == "+" || $0 == "0" }
    }

    private static func finite(_ text: UnsafeBufferPointer<UInt8>) -> Meaning {
        guard let value = Double(String(decoding: text, as: UTF8.self)) else { return .string }
        return value.isFinite ? .number(value) : .numberOutOfRange
    }

    private static func isDigit(_ byte: UInt8, radix: Int) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "7"): true
        case UInt8(ascii: "8"), UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): radix == 16
        case UInt8(ascii: "A")...UInt8(ascii: "F"): radix == 16
        default: false
        }
    }
}

/// What kind of number an unsigned text spells.
private enum NumberShape {
    case integer, number, infinity, notANumber, none

    /// `12` is an integer; `12.`, `.5`, `1e3` are numbers; `.inf` and `.nan` are what they say.
    init(_ text: Slice<UnsafeBufferPointer<UInt8>>) {
        var rest = text
        let whole = NumberShape.skipDigits(&rest)
        if rest.isEmpty {
            self = whole > 0 ? .integer : .none
            return
        }
        var fraction = 0
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            fraction = NumberShape.skipDigits(&rest)
        }
        guard whole + fraction > 0 else {
            self = NumberShape.named(text)
            return
        }
        self = NumberShape.isExponent(rest) ? .number : .none
    }

    private static func skipDigits(_ text: inout Slice<UnsafeBufferPointer<UInt8>>) -> Int {
        let digits = text.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        text = text[digits.endIndex...]
        return digits.count
    }

    private static func isExponent(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        guard let mark = text.first else { return true }
        guard mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") else { return false }
        var rest = text.dropFirst()
        if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        return skipDigits(&rest) > 0 && rest.isEmpty
    }

    private static func named(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> NumberShape {
        guard text.count == 4 else { return .none }
        switch String(decoding: text, as: UTF8.self) {
        case ".inf", ".Inf", ".INF": return .infinity
        case ".nan", ".NaN", ".NAN": return .notANumber
        default: return .none
        }
    }
}
