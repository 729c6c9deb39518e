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
    private static let minCasesKey = Key<Located<Int>>(
        "minCases", .located(.integer(minimum: 1)), example: "20",
        "The fewest cases that decide; a run that lost its cases fails.")
    private static let noWorseKey = Key<NoWorseSpec>(
        "noWorseThan", .object(), example: "{baseline: blessed, margin: 0.05}",
        "An earlier run, and how much worse the share of cases that pass may be.")
    static let fields = [
        passRateKey.field, errorRateKey.field, medianKey.field, latencyKey.field, tokensKey.field, durationKey.field,
        minCasesKey.field, noWorseKey.field,
    ]

    let thresholds: Thresholds

    init(from fields: inout Fields) {
        thresholds = Thresholds(
            passRate: fields.read(Self.passRateKey), errorRate: fields.read(Self.errorRateKey),
            latencyP50: fields.read(Self.medianKey), latencyP95: fields.read(Self.latencyKey),
            totalTokens: fields.read(Self.tokensKey), maxDuration: fields.read(Self.durationKey),
            minCases: fields.read(Self.minCasesKey),
            noWorseThan: fields.read(Self.noWorseKey).flatMap { spec in
                fields.range(of: "noWorseThan").map { Located(spec.noWorseThan, at: $0) }
            })
    }
}

/// `noWorseThan: {baseline: blessed, margin: 0.05, confidence: 0.95}`.
struct NoWorseSpec: SpecDecodable {
    static let noun = "a `noWorseThan`"
    private static let baselineKey = Key<String>(
        "baseline", .someText, default: "blessed", example: "blessed",
        "The run that `drover test bless` keeps, the id of another run in MLflow, or the path of a log.")
    private static let marginKey = Key<Double>(
        "margin", .number(minimum: 0.001, maximum: 0.5), required: true, example: "0.05",
        "The share of cases that may be lost at most.")
    private static let confidenceKey = Key<Double>(
        "confidence", .number(minimum: 0.5, maximum: 0.9999), default: "0.95", "How sure the verdict must be.")
    static let fields = [baselineKey.field, marginKey.field, confidenceKey.field]

    let noWorseThan: Thresholds.NoWorseThan

    init(from fields: inout Fields) {
        noWorseThan = Thresholds.NoWorseThan(
            baseline: fields.read(Self.baselineKey) ?? Thresholds.NoWorseThan.blessed,
            margin: fields.require(Self.marginKey, else: 0.05), confidence: fields.read(Self.confidenceKey) ?? 0.95)
    }
}
