import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Work on a thread of its own that is waited for only so long. Swift's regular expressions backtrack, cannot be interrupted,
/// and may take longer than any run: then the thread is left to itself until the program ends.
final class LimitedMatch<Result: Sendable>: Sendable {
    private struct State {
        var result: Result?
        var isLeft = false
    }

    private let state = Mutex(State())
    private let end = DispatchSemaphore(value: 0)
    private let work: @Sendable () -> Result

    private init(_ work: @escaping @Sendable () -> Result) {
        self.work = work
    }

    /// - Returns: nil when the result did not come in time, or no thread could be started.
    static func result(within limit: Duration, _ work: @escaping @Sendable () -> Result) -> Result? {
        guard LeftMatches.mayBegin else { return nil }
        let match = LimitedMatch(work)
        guard LeftMatches.start({ match.run() }) else { return nil }
        let seconds = limit / .seconds(1)
        _ = match.end.wait(timeout: .now() + seconds)
        return match.state.withLock { state in
            if state.result == nil {
                state.isLeft = true
                LeftMatches.count.withLock { $0 += 1 }
            }
            return state.result
        }
    }

    private func run() {
        let result = work()
        let isLeft = state.withLock { state in
            state.result = result
            return state.isLeft
        }
        end.signal()
        if isLeft { LeftMatches.count.withLock { $0 -= 1 } }
    }
}

/// The threads that nobody waits for any more. They are the whole process's, so their number is, too.
private enum LeftMatches {
    static let count = Mutex(0)
    /// So many may burn time at once; then nothing new begins.
    private static let most = 4

    static var mayBegin: Bool { count.withLock { $0 < most } }

    /// A body that is carried to its thread.
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    static func start(_ run: @escaping @Sendable () -> Void) -> Bool {
        let body = Unmanaged.passRetained(Body(run))
        #if canImport(Darwin)
            var thread: pthread_t?
            let code = pthread_create(&thread, nil, { main($0) }, body.toOpaque())
            if code == 0, let thread { pthread_detach(thread) }
        #else
            var thread = pthread_t()
            let code = pthread_create(&thread, nil, { $0.flatMap { main($0) } }, body.toOpaque())
            if code == 0 { pthread_detach(thread) }
        #endif
        if code != 0 { body.release() }
        return code == 0
    }

    private static func main(_ body: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        Unmanaged<Body>.fromOpaque(body).takeRetainedValue().run()
        return nil
    }
}
