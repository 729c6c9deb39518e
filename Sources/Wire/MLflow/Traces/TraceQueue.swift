/// The queue between tracing and the writer; neither side waits in it.
struct TraceQueue {
    private let limit: Int
    private var waiting: ArraySlice<MLflowTrace> = []
    private(set) var isClosed = false
    private(set) var tally = TraceTally()

    init(limit: Int) {
        self.limit = limit
    }

    /// Adds a trace, or counts it as dropped when the queue is full.
    mutating func put(_ trace: MLflowTrace) {
        guard !isClosed, waiting.count < limit else {
            tally.dropped += 1
            return
        }
        waiting.append(trace)
    }

    /// Removes and returns the oldest traces, as many as one request takes.
    mutating func take(_ count: Int) -> [MLflowTrace] {
        let taken = waiting.prefix(count)
        waiting.removeFirst(taken.count)
        return Array(taken)
    }

    /// Whether it should be relieved where it can be.
    var isHalfFull: Bool {
        waiting.count > limit / 2
    }

    mutating func close() {
        isClosed = true
    }

    mutating func count(written: Int) {
        tally.written += written
    }

    mutating func count(dropped: Int) {
        tally.dropped += dropped
    }

    /// Counts traces as lost; the first reason is kept.
    mutating func count(lost: Int, because reason: WireError?) {
        tally.lost += lost
        if tally.reason == nil { tally.reason = reason }
    }

    /// Gives up all waiting traces.
    mutating func abandon() {
        tally.lost += waiting.count
        waiting = []
        isClosed = true
    }
}

/// The outcome of the traces that a writer was given.
package struct TraceTally: Sendable, Hashable {
    package internal(set) var written = 0
    /// Never queued, because the queue was full, or never kept, because the spool was.
    package internal(set) var dropped = 0
    /// Rejected by the server, or not written in time.
    package internal(set) var lost = 0
    /// On disk until the server takes them, of these and of earlier ones; and their size.
    package internal(set) var spooled = 0
    package internal(set) var spooledBytes = 0
    /// The first rejection, or the last obstacle; nil for none.
    package internal(set) var reason: WireError?

    package init() {}

    /// The number of traces that are missing on the server.
    package var missing: Int {
        dropped + lost
    }
}
