import Synchronization

/// The bytes that the long bodies of all requests together may take until these are answered.
final class ByteBudget: Sendable {
    private let left: Mutex<Int>

    init(_ bytes: Int) {
        left = Mutex(bytes)
    }

    /// Takes bytes, which have to be given back.
    /// - Returns: Whether they were there; else nothing is taken.
    func take(_ bytes: Int) -> Bool {
        left.withLock { left in
            guard bytes <= left else { return false }
            left -= bytes
            return true
        }
    }

    func giveBack(_ bytes: Int) {
        left.withLock { $0 += bytes }
    }
}

/// What one request has of the budget.
struct ByteShare: ~Copyable, Sendable {
    private let budget: ByteBudget
    private var taken = 0

    init(of budget: ByteBudget) {
        self.budget = budget
    }

    deinit {
        budget.giveBack(taken)
    }

    /// - Throws: `ServedError` when the budget has not that many left.
    mutating func take(_ bytes: Int) throws(ServedError) {
        guard budget.take(bytes) else { throw .busyReading }
        taken += bytes
    }
}

extension ServedError {
    static let busyReading = ServedError(
        .unavailable, code: "too_much_to_read", "Too much is being sent at a time. Try again later.", retryAfter: 1)
}
