import Testing

@testable import Suites

@Suite("SequentialTest")
struct SequentialTestTests {
    private let test = SequentialTest(reliability: 0.95, unacceptable: 0.7)

    @Test("Passes and failures move it towards a verdict, and dividing α over cases asks for more passes")
    func limits() {
        #expect(test.fewestPasses == 10)
        #expect(test.verdict(passed: 9, failed: 0) == .inconclusive)
        #expect(test.verdict(passed: 10, failed: 0) == .passed)
        #expect(test.verdict(passed: 0, failed: 1) == .inconclusive)
        #expect(test.verdict(passed: 0, failed: 2) == .failed)
        #expect(test.verdict(passed: 10, failed: 1) == .inconclusive)
        var shared = test
        shared.cases = 20
        #expect(shared.alphaOfCase == 0.0025)
        #expect(shared.fewestPasses == 20)
        #expect(shared.verdict(passed: 19, failed: 0) == .inconclusive)
    }

    @Test("It is over when it decided, at its most samples, and when what is left cannot decide any more")
    func end() {
        let repetition = Repetition(SequentialTest(reliability: 0.95, unacceptable: 0.7, max: 12))
        #expect(!repetition.isOver(passed: 9, failed: 0, errors: 0))
        #expect(repetition.isOver(passed: 10, failed: 0, errors: 0))
        #expect(repetition.isOver(passed: 0, failed: 2, errors: 0))
        #expect(repetition.isOver(passed: 0, failed: 0, errors: 12))
        // Two samples are left, and two failures would decide; with one it could not.
        #expect(!repetition.isOver(passed: 0, failed: 0, errors: 10))
        #expect(repetition.isOver(passed: 0, failed: 0, errors: 11))
    }

    @Test("The chances of all verdicts come to one, and more samples leave less open")
    func chances() {
        let chances = test.chances(atRate: 0.95)
        #expect(abs(chances.passed + chances.failed + chances.inconclusive - 1) < 1e-12)
        let capped = SequentialTest(reliability: 0.95, unacceptable: 0.7, max: 15).chances(atRate: 0.95)
        #expect(capped.inconclusive > chances.inconclusive)
        #expect(chances.samples > 10 && chances.samples < 20)
        // By hand: without a failure until the tenth sample, and then no other way within ten.
        let ten = SequentialTest(reliability: 0.95, unacceptable: 0.7, max: 10).chances(atRate: 0.5)
        #expect(abs(ten.passed - 1.0 / 1024) < 1e-12)
    }

    @Test("The chances of several samples are estimated without bias")
    func passAtK() {
        #expect(PassAtK.any(2, passed: 1, of: 3).map { abs($0 - 2.0 / 3) < 1e-12 } == true)
        #expect(PassAtK.all(2, passed: 2, of: 3).map { abs($0 - 1.0 / 3) < 1e-12 } == true)
        #expect(PassAtK.all(3, passed: 3, of: 3) == 1 && PassAtK.any(3, passed: 0, of: 3) == 0)
        #expect(PassAtK.all(2, passed: 1, of: 3) == 0)
        #expect(PassAtK.any(4, passed: 3, of: 3) == nil && PassAtK.all(0, passed: 0, of: 0) == nil)
    }
}
