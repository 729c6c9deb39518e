package import Language

/// How a judge did on answers that people judged. It is kept as `calibrations/<judge>.json` in the folder of the spec, and
/// counts as long as the judge is the same.
package struct Calibration: Sendable, Hashable, Codable {
    /// The version of the format.
    private static let format = 1

    package let calibration: Int
    /// The declared name of the judge, and the server's id of its model.
    package let judge: String
    package let model: String
    /// `Judge.digest`.
    package let digest: String
    /// SHA-256 of the labels.
    package let labels: String
    /// Good answers that the judge found good, and bad.
    package let goodPassed: Int
    package let goodFailed: Int
    /// Bad answers that the judge found good, and bad.
    package let badPassed: Int
    package let badFailed: Int
    /// Answers of which the judge could not decide.
    package let undecided: Int
    /// ISO 8601 in UTC.
    package let madeAt: String

    /// - Parameter decisions: What the judge found of each label; nil where it could not decide.
    package init(_ judge: Judge, by labels: Labels, _ decisions: [Bool?], at time: String) {
        calibration = Self.format
        self.judge = judge.name
        model = judge.model
        digest = judge.digest
        self.labels = labels.digest
        let pairs = zip(labels.rows.map(\.isGood), decisions)
        func count(_ isGood: Bool, _ decision: Bool?) -> Int { pairs.count { $0.0 == isGood && $0.1 == decision } }
        goodPassed = count(true, true)
        goodFailed = count(true, false)
        badPassed = count(false, true)
        badFailed = count(false, false)
        undecided = decisions.count { $0 == nil }
        madeAt = time
    }

    /// The answers that the judge decided about.
    package var decided: Int { goodPassed + goodFailed + badPassed + badFailed }

    /// All answers, also those that the judge could not decide about.
    package var all: Int { decided + undecided }

    /// The share of all answers where it agrees with the label; nil when it decided about none.
    package var agreement: Double? {
        decided == 0 ? nil : Double(agreeing) / Double(all)
    }

    /// The answers where it agrees with the label.
    fileprivate var agreeing: Int { goodPassed + badFailed }

    /// The path of the file, from the folder of the spec.
    package static func path(ofJudge name: String) -> String { "calibrations/\(name).json" }

    /// What is kept of exactly this judge; nil when there is nothing, or it is of another one.
    package static func kept(of judge: Judge, in folder: SpecFolder) -> Calibration? {
        let path = "\(folder.rootDirectory)/\(path(ofJudge: judge.name))"
        // What is missing or cannot be read is no calibration.
        guard let bytes = try? FileBytes.read(path, atMost: 1 << 20),
            let kept = try? Value(json: bytes).decoded(as: Calibration.self),
            kept.calibration == format, kept.digest.isExactly(judge.digest), kept.canBeCounted
        else { return nil }
        return kept
    }

    /// Whether its numbers are ones that can be counted: whoever edits the file may have written others.
    private var canBeCounted: Bool {
        [goodPassed, goodFailed, badPassed, badFailed, undecided].allSatisfy { (0...1_000_000_000).contains($0) }
    }

    /// The content of its file.
    package var text: String {
        get throws { try Value(encoding: self).canonicalJSON + "\n" }
    }
}

extension Judge {
    /// Why this judge may not decide whether something is released; nil when it may. A judge with `minAgreement` must have
    /// agreed that far with the labels that it was calibrated by.
    package var gateProblem: Diagnostic? {
        guard let minAgreement else { return nil }
        guard let calibration else { return .notCalibrated(self, minAgreement) }
        guard let agreement = calibration.agreement, agreement >= minAgreement else {
            return .agreesTooLittle(self, calibration, minAgreement)
        }
        return nil
    }
}

extension Diagnostic {
    fileprivate static func notCalibrated(_ judge: Judge, _ wanted: Double) -> Diagnostic {
        Diagnostic(
            "judge-not-calibrated", "A judge that was not calibrated",
            detail: "The judge `\(judge.name)` may gate only when it agrees with people in \(wanted) of all answers "
                + "(`minAgreement`), and exactly this judge was never compared with them.",
            fix: "Run `drover judge calibrate \(judge.name)`, or remove `minAgreement`.", at: judge.range,
            address: "judges.\(judge.name)", cause: .inconclusive)
    }

    fileprivate static func agreesTooLittle(_ judge: Judge, _ calibration: Calibration, _ wanted: Double) -> Diagnostic
    {
        let share = calibration.agreement.map { " (\($0.rounded(toPlaces: 3)))" } ?? ""
        return Diagnostic(
            "judge-disagrees", "A judge that people do not agree with",
            detail:
                "The judge `\(judge.name)` agrees with people in \(calibration.agreeing) of \(calibration.all) answers\(share), "
                + "and may gate only from \(wanted) on (`minAgreement`).",
            fix: "Improve its rubric or its model, and calibrate it again.", at: judge.range,
            address: "judges.\(judge.name)", cause: .inconclusive)
    }
}
