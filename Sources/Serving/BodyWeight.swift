/// About how many bytes the values of a body take at most once it is read, beside its texts: a list of empty lists takes
/// thirty times its JSON.
enum BodyWeight {
    /// A list, an object, and the place of a value in one of them, while that grows.
    private static let (list, object, place) = (64, 256, 80)
    /// Nothing is read that is nested as deep.
    private static let deepest = 1_024

    /// - Parameter bytes: JSON; of all else it is any number.
    static func of(_ bytes: UnsafeRawBufferPointer) -> Int {
        var (weight, depth, isText, isEscaped) = (0, 0, false, false)
        for byte in bytes {
            guard !isText else {
                isText = isEscaped || byte != UInt8(ascii: "\"")
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isText = true
            case UInt8(ascii: ","): weight += place
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                weight += byte == UInt8(ascii: "{") ? object : list
                depth += 1
                if depth > deepest { return weight }
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            case _: break
            }
        }
        return weight
    }
}
