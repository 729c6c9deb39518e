import Language

/// `defaults: {timeout: 60s, retryErrors: 2}`: the default settings of the cases of a suite.
struct CaseDefaults: SpecDecodable {
    static let noun = "a `defaults`"
    private static let timeoutKey = Key<Duration>(
        "timeout", .duration, default: "60s", example: "60s", "The longest that a case may take, all turns together.")
    private static let retryKey = Key<Int>(
        "retryErrors", .integer(minimum: 0, maximum: 10), default: "0",
        "How often a case is tried again that ended in an error; wrong answers never are.")
    static let fields = [timeoutKey.field, retryKey.field]

    let timeout: Duration
    let retryErrors: Int

    init() {
        timeout = .seconds(60)
        retryErrors = 0
    }

    init(from fields: inout Fields) {
        timeout = fields.read(Self.timeoutKey) ?? .seconds(60)
        retryErrors = fields.read(Self.retryKey) ?? 0
    }
}
