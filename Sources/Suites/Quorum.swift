import Language
import Runtime

/// A minimum number of expectations that must hold, shared by `all`, `any` and `atLeast`.
struct Quorum {
    private let parts: [Expectation]
    private let needed: Int

    init(_ parts: [Expectation], of needed: Int) {
        self.parts = parts
        self.needed = needed
    }

    /// Passes or fails only when the unknown results cannot change that.
    func evaluate(_ observation: Observation) throws(Unobservable) -> AssertionResult {
        var passed = 0
        var unknown: Unobservable?
        var unknowns = 0
        var notes: [Diagnostic.Note] = []
        for part in parts {
            do throws(Unobservable) {
                switch try part.evaluate(observation) {
                case .passed: passed += 1
                case .failed(let mismatch): notes.append(Diagnostic.Note(mismatch.reason, at: part.range))
                }
            } catch {
                unknown = error
                unknowns += 1
            }
        }
        if passed >= needed { return .passed }
        if let unknown, passed + unknowns >= needed { throw unknown }
        return .failed(
            Mismatch(
                "Of \(parts.count) expectations \(needed) must hold, and \(passed) did.",
                actual: observation.answer.text, notes: notes))
    }
}
