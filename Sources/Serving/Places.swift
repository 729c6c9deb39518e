import Synchronization

/// How many requests are answered at a time: those beyond wait in a short line for a short time, and are then refused.
final class Places: Sendable {
    private struct State {
        var taken = 0
        var lastID = 0
        var waiting: [(id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
    }

    private let limit: Int
    private let line: Int
    private let patience: Duration
    private let state = Mutex(State())

    /// - Parameters:
    ///   - limit: How many are answered at a time.
    ///   - line: How many may wait.
    ///   - patience: How long each may wait.
    init(limit: Int, line: Int, patience: Duration) {
        self.limit = limit
        self.line = line
        self.patience = patience
    }

    /// How many are being answered.
    var taken: Int {
        state.withLock { $0.taken }
    }

    /// Takes a place, which has to be left again.
    /// - Throws: `ServedError` when none gets free in time.
    func enter() async throws(ServedError) {
        if enterAtOnce() { return }
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        guard await wait(id) else { throw .tooMany }
    }

    /// Takes a place, which has to be left again, where one is free.
    func enterAtOnce() -> Bool {
        state.withLock { state in
            guard state.taken < limit else { return false }
            state.taken += 1
            return true
        }
    }

    /// Lets the next one in.
    func leave() {
        let next = state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.taken -= 1
                return nil as CheckedContinuation<Bool, Never>?
            }
            return state.waiting.removeFirst().continuation
        }
        next?.resume(returning: true)
    }

    private func wait(_ id: Int) async -> Bool {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // A cancelled sleep means that there was a place.
                if (try? await Task.sleep(for: self.patience)) != nil { self.giveUp(id) }
            }
            let hasPlace = await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let answer = state.withLock { state -> Bool? in
                        if state.taken < limit {
                            state.taken += 1
                            return true
                        }
                        guard state.waiting.count < line, !Task.isCancelled else { return false }
                        state.waiting.append((id, continuation))
                        return nil
                    }
                    if let answer { continuation.resume(returning: answer) }
                }
            } onCancel: {
                giveUp(id)
            }
            group.cancelAll()
            return hasPlace
        }
    }

    private func giveUp(_ id: Int) {
        let waiting = state.withLock { state in
            state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0).continuation }
        }
        waiting?.resume(returning: false)
    }
}

extension ServedError {
    static let tooMany = ServedError(
        .tooMany, code: "rate_limit_exceeded", "Too many requests are being answered. Try again later.", retryAfter: 1)
}
