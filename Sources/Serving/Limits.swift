/// What one server takes on.
package struct Limits: Sendable {
    /// How many requests are answered at a time; as many more wait for a short time.
    package var concurrency = 64
    /// How long an answer may take.
    package var answer: Duration = .seconds(300)
    /// How many connections may be open; then the one that has been idle for longest is closed, and where none is, the next are
    /// accepted when one closes. The open-file limit must never be reached, nor that of the memory (`fit`).
    package var connections = 1024
    /// The longest body of a request, in bytes.
    package var body = 4 << 20
    /// How many bytes the bodies of requests that are read, wait for their turn, or are answered have together beyond the first
    /// 64 KiB of each, with what their values take (`BodyWeight`): who sends more then is refused.
    package var bodies = 64 << 20
    /// The same for what they have beyond the first 4 KiB, up to those 64 KiB.
    package var beginnings = 32 << 20
    /// How much of a message of a streamed answer is kept, in bytes: a longer one is told again at its end as the server behind
    /// repeats it.
    package var message = 256 << 10
    /// How long a request may take to arrive, how long a connection may be idle, and how long a client may take to make room for
    /// more of an answer, or to take what the connection holds of it at its end.
    package var arrival: Duration = .seconds(60)
    /// How long a streamed answer is silent before its client is told that it goes on.
    package var silence: Duration = .seconds(15)
    /// How long a request waits for its turn before it is refused.
    package var patience: Duration = .seconds(2)
    /// How long connections are still taken when the server is to stop and somebody asks whether it is ready, such as a load
    /// balancer: that is told first that it is not.
    package var notice: Duration = .seconds(5)
    /// How long requests may still take after that.
    package var drain: Duration = .seconds(30)

    package init() {}
}

extension Limits {
    /// Admits so many requests at a time: the beginnings of their bodies have room, and those of as many that wait.
    package mutating func admit(_ concurrency: Int) {
        self.concurrency = concurrency
        beginnings = max(beginnings, 2 * concurrency * (RequestHandler.long - RequestHandler.short))
    }

    /// About how many bytes a connection takes at most while its client sends a head that has no end yet.
    private static let connection = 56 << 10

    /// Takes on no more than a memory of so many bytes has room for when all clients send as much as they may at the same
    /// time: an eighth of it is for connections, a sixteenth for long bodies and half as much for the beginnings of bodies. Of
    /// both there are three more copies: as they were read, as they are sent on, and in traces. The rest is for answers.
    ///
    /// For 512 MiB that is 64 MiB for 1,170 connections, and four times 48 MiB for bodies.
    package mutating func fit(_ memory: Int) {
        connections = min(connections, max(2 * concurrency + 64, memory / 8 / Self.connection))
        bodies = min(bodies, max(2 * body, memory / 16))
        beginnings = min(beginnings, max(1 << 20, memory / 32))
    }
}
