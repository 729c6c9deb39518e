/// The queue between tracing and the writer; neither side waits in it.
struct TraceQueue {
    private let limit: Int
    private var waiting: ArraySlice<MLflowTrace> = []
    /// Parts of traces that others began, since the last and the one before the last `ripen`.
    private var (youngest, young): ([MLflowTrace], [MLflowTrace]) = ([], [])
    private(set) var isClosed = false
    private(set) var tally = TraceTally()

    init(limit: Int) {
        self.limit = limit
    }

    /// Adds a trace, or counts it as dropped when the queue is full. A part of a trace that somebody else began waits
    /// until it is ripe.
    mutating func put(_ trace: MLflowTrace) {
        guard !isClosed, waiting.count + young.count + youngest.count < limit else {
            tally.dropped += 1
            return
        }
        if trace.isJoined { youngest.append(trace) } else { waiting.append(trace) }
    }

    /// Whether there are traces that are not ripe yet.
    var isRipening: Bool { !young.isEmpty || !youngest.isEmpty }

    /// Lets a time pass: a trace is ripe at the second one after it came.
    mutating func ripen() {
        waiting += young
        (young, youngest) = (youngest, [])
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

    /// Takes no more traces; all that are there are ripe.
    mutating func close() {
        isClosed = true
        ripen()
        ripen()
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
        close()
        tally.lost += waiting.count
        waiting = []
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
