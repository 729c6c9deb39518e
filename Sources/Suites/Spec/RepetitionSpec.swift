import Language

/// `repeat: 5` (all must pass), `repeat: {samples: 5, atLeast: 4}`, or a sequential test:
/// `repeat: {reliability: 0.95, unacceptable: 0.7, alpha: 0.05, beta: 0.1, max: 60}`.
struct RepetitionSpec: SpecDecodable {
    static let noun = "a `repeat`"
    private static let samplesKey = Key<Int>(
        "samples", .integer(minimum: 1, maximum: 1000), example: "5", "How many samples are taken.")
    private static let atLeastKey = Key<Int>(
        "atLeast", .integer(minimum: 1), default: "all of them", "How many of them must pass.")
    private static let reliabilityKey = Key<Located<Double>>(
        "reliability", .located(.number(minimum: 0, maximum: 1)), example: "0.95",
        "The wanted share of samples that pass; they are taken one by one until a sequential test decides.")
    private static let unacceptableKey = Key<Located<Double>>(
        "unacceptable", .located(.number(minimum: 0, maximum: 1)), example: "0.7",
        "The share that must not pass as if it were the wanted one.")
    private static let alphaKey = Key<Located<Double>>(
        "alpha", .located(.number(minimum: 0, maximum: 0.5)), default: "0.05",
        "The chance that any case of the suite passes that is unacceptable; it is divided over its deciding cases.")
    private static let betaKey = Key<Located<Double>>(
        "beta", .located(.number(minimum: 0, maximum: 0.5)), default: "0.1",
        "The chance that a case fails that is as reliable as wanted.")
    private static let maxKey = Key<Int>(
        "max", .integer(minimum: 1, maximum: 1000), default: "60",
        "The most samples of a case; without a decision by then it is inconclusive.")
    static let fields = [
        samplesKey.field, atLeastKey.field, reliabilityKey.field, unacceptableKey.field, alphaKey.field, betaKey.field,
        maxKey.field,
    ]
    static let rules: [FieldRule] =
        [
            .exactlyOne(["samples", "reliability"]),
            .needs("atLeast", "samples", because: "It counts samples."),
            .needs("reliability", "unacceptable", because: "A test tells two rates apart."),
        ]
        + ["unacceptable", "alpha", "beta", "max"].map {
            .needs($0, "reliability", because: "It belongs to a sequential test.")
        }

    let repetition: Repetition

    init(from fields: inout Fields) {
        let test = Self.test(from: &fields)
        let samples = fields.read(Self.samplesKey) ?? 1
        let atLeast = fields.read(Self.atLeastKey) ?? samples
        repetition = test.map { Repetition($0) } ?? Repetition(samples: samples, atLeast: atLeast)
        guard atLeast > samples, fields.has("samples") else { return }
        fields.problems.report(
            Diagnostic(
                "impossible-count", "Impossible count",
                detail: "\(atLeast) samples must pass, and only \(samples) are taken.",
                fix: "Lower `atLeast`, or raise `samples`.", at: fields.range(of: "atLeast")))
    }

    /// - Returns: Nil where there is none, or a mistake in it, which is reported.
    private static func test(from fields: inout Fields) -> SequentialTest? {
        let (wanted, unacceptable) = (fields.read(reliabilityKey), fields.read(unacceptableKey))
        let (alpha, beta) = (fields.read(alphaKey), fields.read(betaKey))
        let max = fields.read(maxKey) ?? 60
        var problems: [Diagnostic] = []
        for (name, rate) in [("alpha", alpha), ("beta", beta)] {
            guard let rate, rate.value <= 0 || rate.value >= 0.5 else { continue }
            problems.append(.noErrorRate(name, rate))
        }
        if let wanted, wanted.value >= 1 { problems.append(.certainty(wanted)) }
        problems.forEach { fields.problems.report($0) }
        guard let wanted, let unacceptable, problems.isEmpty else { return nil }
        guard unacceptable.value > 0, unacceptable.value < wanted.value else {
            fields.problems.report(.ratesOutOfOrder(unacceptable, wanted))
            return nil
        }
        return SequentialTest(
            reliability: wanted.value, unacceptable: unacceptable.value, alpha: alpha?.value ?? 0.05,
            beta: beta?.value ?? 0.1, max: max)
    }

    static let reading = Reading<Repetition>.either(
        [
            Reading<Int>.integer(minimum: 1, maximum: 1000).map { count, _, _ in
                Repetition(samples: count, atLeast: count)
            },
            Reading<RepetitionSpec>.object().map { spec, _, _ in spec.repetition },
        ], expected: "a number, or a map with `samples` or `reliability`")
}

extension Diagnostic {
    fileprivate static func noErrorRate(_ name: String, _ value: Located<Double>) -> Diagnostic {
        Diagnostic(
            "bad-error-rate", "Impossible chance of an error",
            detail: "`\(name)` is \(value.value): a test errs with a chance above 0 and below 0.5.",
            fix: "Write a chance such as `\(name): 0.05`.", at: value.range)
    }

    fileprivate static func certainty(_ wanted: Located<Double>) -> Diagnostic {
        Diagnostic(
            "bad-reliability", "Impossible reliability",
            detail: "No number of samples shows that all of them pass.",
            fix: "Write a rate below 1, such as `reliability: 0.99`; or `samples: 20`, all of which must pass.",
            at: wanted.range)
    }

    fileprivate static func ratesOutOfOrder(_ unacceptable: Located<Double>, _ wanted: Located<Double>) -> Diagnostic {
        Diagnostic(
            "rates-out-of-order", "Rates in the wrong order",
            detail: "What is unacceptable (\(unacceptable.value)) must be above 0 and below the wanted "
                + "reliability (\(wanted.value)).",
            fix: "Lower `unacceptable`, or raise `reliability`; the closer they are, the more samples it takes.",
            at: unacceptable.range)
    }
}

/// `quarantine: {until: 2027-01-31, reason: the index is rebuilt}`.
struct QuarantineSpec: SpecDecodable {
    static let noun = "a quarantine"
    private static let untilKey = Key<Located<CalendarDay>>(
        "until", .located(.day), required: true, example: "2027-01-31", "The last day that it holds.")
    private static let reasonKey = Key<String>(
        "reason", .someText, required: true, example: "the index is rebuilt", "Why the case cannot decide now.")
    static let fields = [untilKey.field, reasonKey.field]

    /// Nil when it was wrong (and reported).
    let quarantine: Quarantine?

    init(from fields: inout Fields) {
        let reason = fields.require(Self.reasonKey, else: "")
        quarantine = fields.read(Self.untilKey).map {
            Quarantine(until: $0.value, reason: reason, range: $0.range)
        }
    }
}

extension Reading where Value == CalendarDay {
    /// `2027-01-31`.
    fileprivate static var day: Reading {
        Reading<String>.someText.map { text, node, problems in
            if let day = CalendarDay(text) { return day }
            problems.report(
                Diagnostic(
                    "bad-day", "Unreadable day", detail: "`\(text)` is not a day of the calendar.",
                    fix: "Write year, month and day, such as `2027-01-31`.", at: node.range))
            return nil
        }.shaped(.text(pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))
    }
}
