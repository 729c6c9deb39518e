/// What one sample showed.
package enum SampleVerdict: String, Sendable, Hashable, Codable {
    case passed
    /// The answer was wrong.
    case failed
    /// We could not find out: a timeout, a broken server, something that it does not tell.
    case error
}

/// What a case, a suite or a run showed, in rising order: the worst of several is the verdict of all.
package enum Verdict: String, Sendable, Hashable, Codable, CaseIterable {
    case passed
    case inconclusive
    case failed
}

extension Verdict {
    /// The verdict of several together: failed when one is, else inconclusive when one is; passed when there are none.
    package static func worst(of verdicts: some Sequence<Verdict>) -> Verdict {
        let all = Set(verdicts)
        return all.contains(.failed) ? .failed : all.contains(.inconclusive) ? .inconclusive : .passed
    }

    /// Counts samples against a wanted number of passes; samples that may still come count as unknown.
    static func counting(passed: Int, failed: Int, for repetition: Repetition) -> Verdict {
        if passed >= repetition.atLeast { return .passed }
        return failed > repetition.samples - repetition.atLeast ? .failed : .inconclusive
    }
}
