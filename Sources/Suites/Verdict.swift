/// The result of one sample.
package enum SampleVerdict: String, Sendable, Hashable, Codable {
    case passed
    /// The answer was wrong.
    case failed
    /// The result is unknown: a timeout, a broken server, or a value that it does not provide.
    case error
}

/// The result of a case, a suite or a run, in ascending order: the worst of several is the verdict of all.
package enum Verdict: String, Sendable, Hashable, Codable, CaseIterable {
    case passed
    case inconclusive
    case failed
}

extension Verdict {
    /// The overall verdict of several: failed if one is, else inconclusive if one is; passed when there are none.
    package static func worst(of verdicts: some Sequence<Verdict>) -> Verdict {
        let all = Set(verdicts)
        return all.contains(.failed) ? .failed : all.contains(.inconclusive) ? .inconclusive : .passed
    }
}
