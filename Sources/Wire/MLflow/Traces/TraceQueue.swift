/// What waits to be written, without any waiting of its own: those who trace put, the writer takes.
struct TraceQueue {
    private let limit: Int
    private var waiting: ArraySlice<MLflowTrace> = []
    private(set) var isClosed = false
    private(set) var tally = TraceTally()

    init(limit: Int) {
        self.limit = limit
    }

    /// Takes a trace in, or counts it as dropped when there is no room.
    mutating func put(_ trace: MLflowTrace) {
        guard !isClosed, waiting.count < limit else {
            tally.dropped += 1
            return
        }
        waiting.append(trace)
    }

    /// The oldest traces, as many as a request takes.
    mutating func take(_ count: Int) -> [MLflowTrace] {
        let taken = waiting.prefix(count)
        waiting.removeFirst(taken.count)
        return Array(taken)
    }

    mutating func close() {
        isClosed = true
    }

    mutating func count(written: Int) {
        tally.written += written
    }

    /// Counts traces that will not be written any more; the first reason is kept.
    mutating func count(lost: Int, because reason: WireError?) {
        tally.lost += lost
        if tally.reason == nil { tally.reason = reason }
    }

    /// Gives up on everything that still waits.
    mutating func abandon() {
        tally.lost += waiting.count
        waiting = []
        isClosed = true
    }
}

/// What became of the traces that a writer was given.
package struct TraceTally: Sendable, Hashable {
    package internal(set) var written = 0
    /// Never taken in, because too many waited already.
    package internal(set) var dropped = 0
    /// Refused by the server, or not written before the time was over.
    package internal(set) var lost = 0
    /// The first refusal, or what was in the way at the end; nil when there was nothing.
    package internal(set) var reason: WireError?

    package init() {}

    /// How many are missing on the server.
    package var missing: Int {
        dropped + lost
    }
}
