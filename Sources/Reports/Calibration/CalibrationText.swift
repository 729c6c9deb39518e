package import Language
package import Suites

/// How a judge did on labelled answers, for people.
///
///     The judge grounded (model llama3.2:1b, 3 votes) on 40 labelled answers
///
///                       judge: pass   judge: fail
///       label: pass              18             2
///       label: fail               1            19
///
///       sensitivity   0.9    0.699 to 0.972   of good answers are found good
///       specificity   0.95   0.764 to 0.991   of bad answers are found bad
///       agreement     0.925                   of all answers
///       undecided     0
package struct CalibrationText {
    package static func render(
        _ calibration: Calibration, of judge: Judge, disagreements: [Calibrator.Opinion]
    ) -> String {
        let votes = judge.votes == 1 ? "1 vote" : "\(judge.votes) votes"
        var lines = [
            "The judge \(judge.name) (model \(judge.model), \(votes)) on \(calibration.all) labelled answers", "",
            row("", "judge: pass", "judge: fail"),
            row("label: pass", "\(calibration.goodPassed)", "\(calibration.goodFailed)"),
            row("label: fail", "\(calibration.badPassed)", "\(calibration.badFailed)"), "",
            rate("sensitivity", calibration.sensitivity, "of good answers are found good"),
            rate("specificity", calibration.specificity, "of bad answers are found bad"),
            "  agreement     \(calibration.agreement.map(number) ?? "unknown")",
            "  undecided     \(calibration.undecided)",
        ]
        if !disagreements.isEmpty {
            lines += ["", "Where they differ:"]
            for opinion in disagreements.prefix(10) {
                let said = opinion.passes.map { $0 ? "pass" : "fail" } ?? "undecided"
                lines.append(
                    "  label \(opinion.row.isGood ? "pass" : "fail"), judge \(said): \(oneLine(opinion.row.answer))")
                lines.append("    \(oneLine(opinion.reason))")
            }
            if disagreements.count > 10 { lines.append("  and \(disagreements.count - 10) more") }
        }
        return lines.map(Printable.text).joined(separator: "\n")
    }

    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ").excerpt(160)
    }

    private static func row(_ name: String, _ first: String, _ second: String) -> String {
        "  \(padded(name, 12))\(padded(first, 16, atStart: true))\(padded(second, 14, atStart: true))"
    }

    private static func rate(_ name: String, _ rate: Calibration.Rate?, _ meaning: String) -> String {
        guard let rate else { return "  \(padded(name, 14))unknown" }
        let interval = "\(number(rate.interval.low)) to \(number(rate.interval.high))"
        return "  \(padded(name, 14))\(padded(number(rate.value), 7))\(padded(interval, 17))\(meaning)"
    }

    private static func padded(_ text: String, _ width: Int, atStart: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - text.count))
        return atStart ? space + text : text + space
    }

    private static func number(_ value: Double) -> String {
        let rounded = (value * 1_000).rounded() / 1_000
        return Int(exactly: rounded).map(String.init) ?? "\(rounded)"
    }
}

/// The same for programs.
///
///     {"schema": "drover.calibration/1", "judge": "grounded", "model": "llama3.2:1b", "digest": "…", "labels": "…",
///      "confusion": {"goodPassed": 18, "goodFailed": 2, "badPassed": 1, "badFailed": 19}, "undecided": 0,
///      "sensitivity": {"value": 0.9, "low": 0.699, "high": 0.972}, "specificity": {…}, "agreement": 0.925,
///      "minAgreement": 0.8, "mayGate": true}
///
/// What is not known is null.
package enum CalibrationJSON {
    package static func value(_ calibration: Calibration, of judge: Judge) -> Value {
        [
            "schema": "drover.calibration/1", "judge": .string(calibration.judge), "model": .string(calibration.model),
            "digest": .string(calibration.digest), "labels": .string(calibration.labels),
            "madeAt": .string(calibration.madeAt),
            "confusion": [
                "goodPassed": .integer(calibration.goodPassed), "goodFailed": .integer(calibration.goodFailed),
                "badPassed": .integer(calibration.badPassed), "badFailed": .integer(calibration.badFailed),
            ],
            "undecided": .integer(calibration.undecided), "sensitivity": rate(calibration.sensitivity),
            "specificity": rate(calibration.specificity),
            "agreement": calibration.agreement.map { .number($0) } ?? .null,
            "minAgreement": judge.minAgreement.map { .number($0) } ?? .null,
            "mayGate": .bool(judge.gateProblem == nil),
        ]
    }

    private static func rate(_ rate: Calibration.Rate?) -> Value {
        rate.map {
            [
                "value": .number($0.value), "low": .number($0.interval.low), "high": .number($0.interval.high),
                "count": .integer($0.count), "of": .integer($0.of),
            ]
        } ?? .null
    }
}
