import Synchronization

/// Hands values from one task to another, a few at a time: who gives waits while as many are there as there may be, so that a
/// slow reader slows down what is read.
final class Handover<Element: Sendable>: Sendable {
    private struct State {
        var values: [Element] = []
        var isClosed = false
        var giving: CheckedContinuation<Void, Never>?
        var taking: CheckedContinuation<Void, Never>? {
            didSet { isAwaited = taking != nil }
        }
        /// Whether there is one who takes and waits: to look at a continuation takes longer than all else here.
        private(set) var isAwaited = false
        /// Since when who takes has waited.
        var takingSince: ContinuousClock.Instant?
        var isNudged = false

        mutating func wakeAll() -> [CheckedContinuation<Void, Never>] {
            defer { (giving, taking) = (nil, nil) }
            return [giving, taking].compactMap(\.self)
        }
    }

    private let limit: Int
    private let atOnce: @Sendable (Element) -> Bool
    private let state = Mutex(State())

    /// - Parameters:
    ///   - limit: How many values may be there.
    ///   - atOnce: Uses a value that who takes waits for, without waking it; false where it cannot.
    init(limit: Int = 16, atOnce: @escaping @Sendable (Element) -> Bool = { _ in false }) {
        self.limit = limit
        self.atOnce = atOnce
    }

    /// Waits until there is room, and leaves the value there. After `close`, or when the task is cancelled, it is dropped.
    func give(_ value: Element) async {
        if isAwaited, atOnce(value) { return beginAnew() }
        while !leave(value) { await wait(for: .room) }
    }

    /// Whether nothing more is given.
    var isClosed: Bool {
        state.withLock { $0.isClosed }
    }

    /// Whether who takes has used all that was given, and waits for more.
    var isAwaited: Bool {
        state.withLock { $0.isAwaited }
    }

    /// The wait of who takes begins anew: something was used that it need not be given.
    func beginAnew() {
        state.withLock { if $0.isAwaited { $0.takingSince = .now } }
    }

    /// - Returns: Whether it need not be given again.
    private func leave(_ value: Element) -> Bool {
        let (isDone, taker) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            guard !state.isClosed else { return (true, nil) }
            guard state.values.count < limit else { return (false, nil) }
            state.values.append(value)
            defer { state.taking = nil }
            return (true, state.taking)
        }
        taker?.resume()
        return isDone
    }

    /// The next values; none after the last ones, or when the task is cancelled; nil when `nudge` has ended the wait.
    func takeUntilNudged() async -> [Element]? {
        while true {
            if let values = all() { return values }
            if isNudged() { return nil }
            await wait(for: .values)
        }
    }

    /// Ends the wait of who has waited for values for so long.
    /// - Returns: When somebody may have waited for so long again, at the earliest.
    @discardableResult
    func nudge(after silence: Duration) -> ContinuousClock.Instant {
        let now = ContinuousClock.now
        let (taker, next) = state.withLock { state -> (CheckedContinuation<Void, Never>?, ContinuousClock.Instant) in
            guard state.taking != nil, let since = state.takingSince else { return (nil, now + silence) }
            guard since.duration(to: now) >= silence else { return (nil, since + silence) }
            state.isNudged = true
            return (state.taking.take(), now + silence)
        }
        taker?.resume()
        return next
    }

    private func isNudged() -> Bool {
        state.withLock { state in
            defer { state.isNudged = false }
            return state.isNudged
        }
    }

    /// nil when there is nothing yet.
    private func all() -> [Element]? {
        let (values, giver) = state.withLock { state -> ([Element]?, CheckedContinuation<Void, Never>?) in
            guard !state.values.isEmpty else { return (state.isClosed ? [] : nil, nil) }
            defer { (state.values, state.giving, state.isNudged) = ([], nil, false) }
            return (state.values, state.giving)
        }
        giver?.resume()
        return values
    }

    /// No more values: what was given can still be taken.
    func close() {
        let waiting = state.withLock { state in
            state.isClosed = true
            return state.wakeAll()
        }
        for continuation in waiting { continuation.resume() }
    }

    /// What is waited for, unless the handover is closed.
    private enum Need {
        case room, values
    }

    private func wait(for need: Need) async {
        await wait(untilCancelledFor: need)
        // The other side is woken here: while a task is being cancelled, no other one may be resumed, since both may be
        // cancelled at once, each waiting for the other's lock.
        if Task.isCancelled { close() }
    }

    private func wait(untilCancelledFor need: Need) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    let isMet = need == .room ? state.values.count < limit : !state.values.isEmpty
                    guard !state.isClosed, !isMet, !Task.isCancelled else { return true }
                    // No key paths: in a generic type each is made anew, which takes more time than all else here.
                    switch need {
                    case .room: state.giving = continuation
                    case .values: (state.taking, state.takingSince) = (continuation, .now)
                    }
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            let own = state.withLock { state in
                state.isClosed = true
                switch need {
                case .room: return state.giving.take()
                case .values: return state.taking.take()
                }
            }
            own?.resume()
        }
    }
}
