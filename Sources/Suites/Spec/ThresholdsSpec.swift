import Language

/// `thresholds: {passRate: 0.9, latencyP95: 20s, totalTokens: 60000}`.
struct ThresholdsSpec: SpecDecodable {
    static let noun = "a `thresholds`"
    private static let passRateKey = Key<Located<Double>>(
        "passRate", .located(.number(minimum: 0, maximum: 1)), default: "1", example: "0.95",
        "The least share of cases that pass.")
    private static let errorRateKey = Key<Located<Double>>(
        "errorRate", .located(.number(minimum: 0, maximum: 1)), "The largest share of samples that may end in an error."
    )
    private static let medianKey = Key<Located<Duration>>(
        "latencyP50", .located(.duration), "The longest that half of the answers may take.")
    private static let latencyKey = Key<Located<Duration>>(
        "latencyP95", .located(.duration), example: "20s", "The longest that 95 of 100 answers may take.")
    private static let tokensKey = Key<Located<Int>>(
        "totalTokens", .located(.integer(minimum: 1)), example: "60000",
        "The tokens that the suite may use; it stops when they are spent.")
    private static let durationKey = Key<Located<Duration>>(
        "maxDuration", .located(.duration), "The time that the suite may take; it stops when it is over.")
    static let fields = [
        passRateKey.field, errorRateKey.field, medianKey.field, latencyKey.field, tokensKey.field, durationKey.field,
    ]

    let thresholds: Thresholds

    init(from fields: inout Fields) {
        thresholds = Thresholds(
            passRate: fields.read(Self.passRateKey), errorRate: fields.read(Self.errorRateKey),
            latencyP50: fields.read(Self.medianKey), latencyP95: fields.read(Self.latencyKey),
            totalTokens: fields.read(Self.tokensKey), maxDuration: fields.read(Self.durationKey))
    }
}
