import Language

/// The numbers that a log or an artifact may hold, so that those of many samples can be added. What others wrote may hold more.
enum PossibleNumbers {
    /// Up to thirteen days.
    static let nanoseconds = 0...1 << 50
    static let tokens = 0...1 << 40
}

extension Int {
    /// - Throws: When it is outside of the range.
    func within(_ range: ClosedRange<Int>) throws(ObjectFields.Mismatch) -> Int {
        guard range.contains(self) else { throw ObjectFields.Mismatch() }
        return self
    }
}
