import Language

/// `repeat: 5` (all must pass) or `repeat: {samples: 5, atLeast: 4}`.
struct RepetitionSpec: SpecDecodable {
    static let noun = "a `repeat`"
    private static let samplesKey = Key<Int>(
        "samples", .integer(minimum: 1, maximum: 1000), required: true, example: "5", "How many samples are taken.")
    private static let atLeastKey = Key<Int>(
        "atLeast", .integer(minimum: 1), default: "all of them", "How many of them must pass.")
    static let fields = [samplesKey.field, atLeastKey.field]

    let repetition: Repetition

    init(from fields: inout Fields) {
        let samples = fields.require(Self.samplesKey, else: 1)
        let atLeast = fields.read(Self.atLeastKey) ?? samples
        repetition = Repetition(samples: samples, atLeast: atLeast)
        guard atLeast > samples, fields.has("samples") else { return }
        fields.problems.report(
            Diagnostic(
                "impossible-count", "Impossible count",
                detail: "\(atLeast) samples must pass, and only \(samples) are taken.",
                fix: "Lower `atLeast`, or raise `samples`.", at: fields.range(of: "atLeast")))
    }

    static let reading = Reading<Repetition>.either(
        [
            Reading<Int>.integer(minimum: 1, maximum: 1000).map { count, _, _ in
                Repetition(samples: count, atLeast: count)
            },
            Reading<RepetitionSpec>.object().map { spec, _, _ in spec.repetition },
        ], expected: "a number, or a map with `samples` and `atLeast`")
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
