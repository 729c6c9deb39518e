import Dispatch
import Glibc

/// What a handler of signals rings, so that nobody who waits for a signal has to look for it: hardly more is allowed there than
/// to write to a descriptor.
struct SignalBell: Sendable {
    /// The ends of a pipe; -1 where there is none, which nobody can wait for.
    private let (reading, writing): (Int32, Int32)

    init() {
        var ends: [Int32] = [-1, -1]
        if pipe(&ends) != 0 { ends = [-1, -1] }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (reading, writing) = (ends[0], ends[1])
    }

    /// May be called by a handler of signals, whatever that interrupts.
    func ring() {
        let interrupted = errno
        var byte: UInt8 = 0
        // A pipe that is full tells enough.
        _ = write(writing, &byte, 1)
        errno = interrupted
    }

    /// Returns once it has rung, for all who wait, or when the task is cancelled. It is not to be used with `each`.
    func hasRung() async {
        let (rings, tell) = AsyncStream.makeStream(of: Void.self)
        await watching({ tell.finish() }) {
            for await _ in rings {}
        }
    }

    /// Runs a body each time it rings, for one who waits, until the task is cancelled; rings that come together are one.
    func each(_ body: () -> Void) async {
        let (rings, tell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let reading = reading
        let onRing: @Sendable () -> Void = {
            var bytes: UInt64 = 0
            while read(reading, &bytes, MemoryLayout.size(ofValue: bytes)) > 0 {}
            tell.yield()
        }
        await watching(onRing) {
            for await _ in rings { body() }
        }
    }

    private func watching(_ onRing: @escaping @Sendable () -> Void, _ body: () async -> Void) async {
        guard reading >= 0 else { return await body() }
        let source = DispatchSource.makeReadSource(fileDescriptor: reading)
        source.setEventHandler { onRing() }
        source.activate()
        defer { source.cancel() }
        await body()
    }
}
