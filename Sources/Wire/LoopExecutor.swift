package import NIOCore
import NIOPosix
import Synchronization

/// Runs tasks on the thread of an event loop: what they wait for comes on that thread, so that no thread has to wake
/// another one for each piece of an answer. That costs more than most of what is done with a piece.
///
/// Work that takes long belongs elsewhere (`offLoop`): nothing is read meanwhile.
package final class LoopExecutor: TaskExecutor {
    private static let all = MultiThreadedEventLoopGroup.singleton.makeIterator().map(LoopExecutor.init)

    /// How long jobs are run that jobs have added, before the connections are looked at again.
    private static let stint = Duration.milliseconds(1)

    private struct Queue {
        var jobs: [UnownedJob] = []
        /// Whether the event loop runs them, or is going to.
        var isTaken = false
    }

    private let loop: any EventLoop
    private let queue = Mutex(Queue())

    private init(_ loop: any EventLoop) {
        self.loop = loop
    }

    /// The executor of an event loop; nil for one that is not of this process's own.
    package static func on(_ loop: any EventLoop) -> LoopExecutor? {
        all.first { $0.loop === loop }
    }

    /// The executor of some event loop.
    package static var any: LoopExecutor? {
        on(MultiThreadedEventLoopGroup.singleton.any())
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isTaken = queue.withLock { queue in
            queue.jobs.append(job)
            defer { queue.isTaken = true }
            return queue.isTaken
        }
        if !isTaken { loop.execute { self.run() } }
    }

    private func run() {
        let executor = asUnownedTaskExecutor()
        var end: ContinuousClock.Instant?
        while true {
            let jobs = queue.withLock { queue in
                defer { queue.jobs = [] }
                queue.isTaken = !queue.jobs.isEmpty
                return queue.jobs
            }
            guard !jobs.isEmpty else { return }
            for job in jobs { job.runSynchronously(on: executor) }
            let now = ContinuousClock.now
            guard let known = end else {
                end = now + Self.stint
                continue
            }
            if now >= known { break }
        }
        // What is to be run at once, or is due, comes before the connections are looked at, also when it was added just
        // now.
        loop.scheduleTask(in: .microseconds(5)) { self.run() }
    }
}

/// Runs tasks on threads that may be blocked: of Swift's own there are only as many as the processor has cores, and all
/// other tasks wait for one of them.
private final class PatientExecutor: TaskExecutor {
    static let shared = PatientExecutor()

    /// Of its own, since each search for a pattern may block one for two seconds. It lives as long as the program.
    private let pool: NIOThreadPool

    private init() {
        pool = NIOThreadPool(numberOfThreads: max(4, System.coreCount))
        pool.start()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pool.submit { _ in job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Does work that may take the processor for long, or wait without suspending: not on a thread that others need.
package func offLoop<Result, Failure>(
    _ work: () async throws(Failure) -> Result
) async throws(Failure) -> Result {
    try await withTaskExecutorPreference(PatientExecutor.shared) { () async throws(Failure) in
        // The task goes on where it is until it is queued anew.
        await Task.yield()
        return try await work()
    }
}
