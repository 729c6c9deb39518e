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

/// What the body of one request has of both budgets.
struct BodyShare: ~Copyable, Sendable {
    private var beginning: ByteShare
    private var rest: ByteShare

    init(_ beginning: consuming ByteShare, _ rest: consuming ByteShare) {
        self.beginning = beginning
        self.rest = rest
    }

    /// - Parameter bytes: Of the body, by their places in it.
    /// - Throws: `ServedError` when a budget has not that many left.
    mutating func take(_ bytes: Range<Int>) throws(ServedError) {
        try beginning.take(bytes.clamped(to: RequestHandler.short..<RequestHandler.long).count)
        try rest.take(bytes.clamped(to: RequestHandler.long..<max(RequestHandler.long, bytes.upperBound)).count)
    }

    /// - Parameter weight: What the values of the body take.
    mutating func take(weight: Int) throws(ServedError) {
        try rest.take(Self.beyond(weight))
    }

    /// What a body takes of the budget of those that are long, in bytes.
    /// - Parameter weight: What its values take.
    static func rest(ofBody bytes: Int, weighing weight: Int) -> Int {
        beyond(bytes) + beyond(weight)
    }

    private static func beyond(_ bytes: Int) -> Int {
        max(0, bytes - RequestHandler.long)
    }
}

extension ServedError {
    static let busyReading = ServedError(
        .unavailable, code: "too_much_to_read", "Too much is being sent at a time. Try again later.", retryAfter: 1)
}
