/// How many independent samples of a case are taken, and what decides its verdict.
package struct Repetition: Sendable, Hashable {
    package enum Rule: Sendable, Hashable {
        /// So many of the samples must pass.
        case counting(atLeast: Int)
        /// Samples are taken one by one, until the test decides.
        case sequential(SequentialTest)
    }

    /// The number of samples; with a sequential test the most.
    package let samples: Int
    package let rule: Rule

    package static let once = Repetition(samples: 1, atLeast: 1)

    package init(samples: Int, atLeast: Int) {
        self.samples = samples
        rule = .counting(atLeast: atLeast)
    }

    package init(_ test: SequentialTest) {
        samples = test.max
        rule = .sequential(test)
    }

    /// Nil where samples are counted.
    package var test: SequentialTest? {
        switch rule {
        case .counting: nil
        case .sequential(let test): test
        }
    }

    /// The passes that are needed; nil where a test decides.
    package var atLeast: Int? {
        switch rule {
        case .counting(let atLeast): atLeast
        case .sequential: nil
        }
    }

    /// With α divided over so many cases.
    func sharing(amongCases count: Int) -> Repetition {
        guard var test else { return self }
        test.cases = Swift.max(1, count)
        return Repetition(test)
    }

    /// The same rule for so many samples, if these are more than it is for: at least the same share of them must pass.
    func counting(ofAtLeast count: Int) -> Repetition {
        guard case .counting(let atLeast) = rule, count > samples, samples > 0 else { return self }
        return Repetition(samples: count, atLeast: (count * atLeast + samples - 1) / samples)
    }

    /// Samples that ended in an error, or are still to come, count as unknown.
    func verdict(passed: Int, failed: Int) -> Verdict {
        switch rule {
        case .counting(let atLeast):
            if passed >= atLeast { return .passed }
            return failed > samples - atLeast ? .failed : .inconclusive
        case .sequential(let test):
            return test.verdict(passed: passed, failed: failed)
        }
    }

    /// Whether no sample is to come. A sequential test ends when it has decided, and when the samples that are left cannot
    /// decide any more.
    func isOver(passed: Int, failed: Int, errors: Int) -> Bool {
        let left = samples - passed - failed - errors
        switch rule {
        case .counting: return left <= 0
        case .sequential(let test):
            return left <= 0 || test.verdict(passed: passed, failed: failed) != .inconclusive
                || !test.canDecide(passed: passed, failed: failed, within: left)
        }
    }
}
