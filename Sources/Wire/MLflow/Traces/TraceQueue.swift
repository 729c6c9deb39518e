/// The queue between tracing and the writer; neither side waits in it.
struct TraceQueue {
    /// A trace that waits, and about how many bytes it takes.
    private struct Waiting {
        let trace: MLflowTrace
        let bytes: Int
    }

    private let limit: Int
    private let byteLimit: Int
    private var waiting: [Waiting] = []
    /// Parts of traces that others began, since the last and the one before the last `ripen`.
    private var (youngest, young): ([Waiting], [Waiting]) = ([], [])
    /// Of all traces that are there.
    private(set) var bytes = 0
    private(set) var isClosed = false
    private(set) var tally = TraceTally()

    /// - Parameters:
    ///   - limit: The maximum number of traces.
    ///   - byteLimit: About how many bytes they may take together.
    init(limit: Int, byteLimit: Int) {
        self.limit = limit
        self.byteLimit = byteLimit
    }

    private var isFull: Bool {
        isClosed || waiting.count + young.count + youngest.count >= limit || bytes >= byteLimit
    }

    /// Counts a trace as dropped when the queue is full, before it is made.
    /// - Returns: Whether it is.
    mutating func dropsWhenFull() -> Bool {
        if isFull { tally.dropped += 1 }
        return isFull
    }

    /// Adds a trace, or counts it as dropped when the queue is full. A part of a trace that somebody else began waits
    /// until it is ripe.
    /// - Parameter size: About how many bytes it takes. To know that takes a look at all of it, before the queue is locked.
    mutating func put(_ trace: MLflowTrace, of size: Int) {
        guard !dropsWhenFull() else { return }
        guard bytes + size <= byteLimit else {
            tally.dropped += 1
            return
        }
        bytes += size
        let new = Waiting(trace: trace, bytes: size)
        if trace.isJoined { youngest.append(new) } else { waiting.append(new) }
    }

    /// Whether there are traces that are not ripe yet.
    var isRipening: Bool { !young.isEmpty || !youngest.isEmpty }

    /// Lets a time pass: a trace is ripe at the second one after it came.
    mutating func ripen() {
        waiting += young
        (young, youngest) = (youngest, [])
    }

    /// Removes and returns the oldest traces: so many, of no more than so many bytes together, but one in any case.
    mutating func take(_ count: Int, upTo room: Int = .max) -> [MLflowTrace] {
        var (taken, size) = (0, 0)
        while taken < min(count, waiting.count), taken == 0 || waiting[taken].bytes <= room - size {
            size += waiting[taken].bytes
            taken += 1
        }
        defer {
            // A slice would keep them alive.
            waiting.removeFirst(taken)
            // After a burst it would keep the room for all of it.
            if waiting.isEmpty { waiting = [] }
            bytes -= size
        }
        return waiting.prefix(taken).map(\.trace)
    }

    /// For how many traces it holds memory, whether they are there or not.
    var room: Int { waiting.capacity + young.capacity + youngest.capacity }

    /// Whether it should be relieved where it can be.
    var isHalfFull: Bool {
        !waiting.isEmpty && (waiting.count > limit / 2 || bytes > byteLimit / 2)
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
        (waiting, bytes) = ([], 0)
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
