import Runtime

/// How many independent samples of a case are taken, and what decides its verdict.
package struct Repetition: Sendable, Hashable {
    package enum Rule: Sendable, Hashable {
        /// So many of the samples must pass.
        case counting(atLeast: Int)
        /// Samples are taken one by one, until the test decides.
        case sequential(SequentialTest)
    }

    /// The samples that earlier runs took, and that count beside those of this one.
    package struct Standing: Sendable, Hashable, Codable {
        package let passed: Int32
        package let failed: Int32

        fileprivate static let none = Standing(passed: 0, failed: 0)
    }

    /// The number of samples; with a sequential test the most.
    package let samples: Int
    package let rule: Rule
    /// Nil where all samples are taken, whatever earlier runs took.
    package private(set) var standing: Standing?

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

    /// The same that only takes what is missing beside samples that stand; errors are none.
    func after(_ earlier: Evidence.Samples) -> Repetition {
        after(Standing(passed: Int32(clamping: earlier.passed), failed: Int32(clamping: earlier.failed)))
    }

    /// - Parameter standing: Nil for a run by itself.
    func after(_ standing: Standing?) -> Repetition {
        var repetition = self
        repetition.standing = standing
        return repetition
    }

    /// How many samples a run takes at most: none where those that stand decide. A test goes on from them, and may take as
    /// many again.
    package var wanted: Int {
        guard let standing else { return samples }
        guard verdict(passed: 0, failed: 0) == .inconclusive else { return 0 }
        switch rule {
        case .counting: return max(0, samples - Int(standing.passed) - Int(standing.failed))
        case .sequential: return samples
        }
    }

    /// About how many samples a run takes if it goes on as those that stand; nil where none do.
    package var expected: Int? {
        guard let standing, standing.passed + standing.failed > 0 else { return nil }
        let (passed, failed) = known(passed: 0, failed: 0)
        return min(wanted, test?.samplesToDecide(passed: passed, failed: failed) ?? wanted)
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

    /// By the samples of a run, and those that stand. Samples that ended in an error, or are still to come, count as unknown.
    func verdict(passed: Int, failed: Int) -> Verdict {
        let (passed, failed) = known(passed: passed, failed: failed)
        switch rule {
        case .counting(let atLeast):
            if passed >= atLeast { return .passed }
            return failed > samples - atLeast ? .failed : .inconclusive
        case .sequential(let test):
            return test.verdict(passed: passed, failed: failed)
        }
    }

    /// The samples of a run with those that stand.
    func known(passed: Int, failed: Int) -> (passed: Int, failed: Int) {
        let standing = standing ?? .none
        return (passed + Int(standing.passed), failed + Int(standing.failed))
    }

    /// Whether no sample is to come. A sequential test ends when it has decided, and when the samples that are left cannot
    /// decide any more.
    func isOver(passed: Int, failed: Int, errors: Int) -> Bool {
        let left = wanted - passed - failed - errors
        let (passed, failed) = known(passed: passed, failed: failed)
        switch rule {
        case .counting: return left <= 0
        case .sequential(let test):
            return left <= 0 || test.verdict(passed: passed, failed: failed) != .inconclusive
                || !test.canDecide(passed: passed, failed: failed, within: left)
        }
    }
}
