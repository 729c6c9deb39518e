import Language

extension MLflowTrace {
    /// About how many bytes it takes while it waits. Texts that several of its spans share are counted in each: it is rather
    /// less.
    var size: Int {
        let texts = tags.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        return 1024 + request.utf8.count + response.utf8.count + texts + spans.reduce(0) { $0 + $1.size }
    }
}

extension MLflowSpan {
    fileprivate var size: Int {
        attributes.reduce(256 + name.utf8.count + (error?.utf8.count ?? 0)) { $0 + $1.key.utf8.count + $1.value.size }
    }
}

extension Value {
    /// About how many bytes it takes.
    fileprivate var size: Int {
        switch self {
        case .null, .bool, .integer, .number: 16
        case .bigInteger(let text), .string(let text): 16 + text.utf8.count
        case .array(let values): values.reduce(32) { $0 + $1.size }
        case .object(let fields): fields.reduce(64) { $0 + 16 + $1.key.utf8.count + $1.value.size }
        }
    }
}
