import Engine
import Fakes
import Language
import Records
import Synchronization
import Wire

/// A clock that a test moves, or that runs as fast as is waited.
final class ManualTime: Sendable {
    private let time = Mutex((now: Duration.zero, sleepers: 0))
    private let runsWhileWaiting: Bool

    init(runsWhileWaiting: Bool = false) {
        self.runsWhileWaiting = runsWhileWaiting
    }

    func pass(_ duration: Duration) {
        time.withLock { $0.now += duration }
    }

    /// Passes time once somebody waits for it.
    func passAwaited(_ duration: Duration) async throws {
        while time.withLock({ $0.sleepers }) == 0 { try await Task.sleep(for: .milliseconds(1)) }
        pass(duration)
    }

    private var now: Duration {
        time.withLock { $0.now }
    }

    var clock: LeaseClock {
        LeaseClock(now: { self.now }) { duration in
            if self.runsWhileWaiting {
                self.pass(duration)
                return await Task.yield()
            }
            let end = self.time.withLock { time in
                time.sleepers += 1
                return time.now + duration
            }
            defer { self.time.withLock { $0.sleepers -= 1 } }
            while self.now < end { try await Task.sleep(for: .milliseconds(1)) }
        }
    }
}

extension LeaseClock {
    /// The machine's own, so many times as fast.
    static func faster(_ factor: Int) -> LeaseClock {
        LeaseClock(now: { LeaseClock.system.now() * factor }, sleep: { try await LeaseClock.system.sleep($0 / factor) })
    }
}

extension LockHolder {
    static func named(_ name: String) -> LockHolder {
        LockHolder(id: "id-\(name)", name: name, host: "desk", purpose: "apply", process: "machine:1:2")
    }
}

extension LockClaim {
    var lease: Lease? {
        guard case .taken(let lease) = self else { return nil }
        return lease
    }

    var held: HeldLock? {
        guard case .held(let held) = self else { return nil }
        return held
    }
}
