import Engine
import Fakes
import Language
import Records
import Synchronization
import Testing
import Wire

@Suite("MLflowLock", .timeLimit(.minutes(20)))
struct MLflowLockTests {
    private let mlflow = FakeMLflow()
    private let time = ManualTime()

    private func lock(_ server: MLflowServer? = nil, isGone: Bool = false) -> MLflowLock {
        MLflowLock(server ?? mlflow.server(), stack: StackName("shop"), clock: time.clock) { _ in isGone }
    }

    private var names: [String] {
        mlflow.store.registeredModels.map(\.name)
    }

    @Test("A lock is a registered model with its holder's name; released ones are followed by the next number")
    func numbers() async throws {
        for number in 1...4 {
            let lease = try #require(try await lock().claim(as: .named("anna")).lease)
            #expect(lease.number == number && lease.cutOffs.isEmpty)
            try await lock().release(lease)
        }
        #expect(names == ["drover.lock.shop.3", "drover.lock.shop.4"])
        let tags = Dictionary(uniqueKeysWithValues: mlflow.store.registeredModels[1].tags.map { ($0.key, $0.value) })
        #expect(tags["drover.lock.holder"] == "anna" && tags["drover.lock.host"] == "desk")
        #expect(tags["drover.lock.purpose"] == "apply" && tags["drover.lock.released"] == "anna")
        #expect(tags["drover.stack"] == nil, "it must not count as an object of the stack")
    }

    @Test("The locks of other stacks do not matter")
    func otherStack() async throws {
        let other = MLflowLock(mlflow.server(), stack: StackName("shop-two"), clock: time.clock)
        _ = try await other.claim(as: .named("anna"))
        #expect(try await lock().claim(as: .named("ben")).lease?.number == 1)
    }

    @Test("Who finds it held is told by whom")
    func held() async throws {
        _ = try await lock().claim(as: .named("anna"))
        let held = try #require(try await lock().claim(as: .named("ben")).held)
        #expect(held.number == 1 && held.holder == .named("anna") && !held.isReleased)
        #expect(held.described.hasPrefix("anna on desk (apply, since 2027-01-15T08:00:00Z, lock 1)"))
    }

    @Test("A lock that was seen unchanged for more than a lease is taken over; each renewal begins a new wait")
    func expired() async throws {
        let contender = lock()
        let lease = try #require(try await lock().claim(as: .named("anna")).lease)
        #expect(try await contender.claim(as: .named("ben")).lease == nil)
        time.pass(.seconds(25))
        _ = try await lock().renew(lease)
        #expect(try await contender.claim(as: .named("ben")).lease == nil)
        time.pass(.seconds(32))
        #expect(try await contender.claim(as: .named("ben")).lease == nil)
        time.pass(.seconds(2))
        #expect(try await contender.claim(as: .named("ben")).lease?.number == 2)
        #expect(!lease.isHeld)
    }

    @Test("A lock whose process has ended is taken over at once")
    func dead() async throws {
        _ = try await lock().claim(as: .named("anna"))
        let lease = try #require(try await lock(isGone: true).claim(as: .named("ben")).lease)
        #expect(lease.number == 2 && lease.cutOffs.map(\.number) == [1])
        #expect(lease.cutOffs.first?.holder == .named("anna"))
    }

    @Test("Of two that ended one after the other both are told, and of one that gave the lock back nothing")
    func deadTwice() async throws {
        _ = try await lock().claim(as: .named("anna"))
        _ = try await lock(isGone: true).claim(as: .named("ben"))
        let lease = try #require(try await lock(isGone: true).claim(as: .named("cleo")).lease)
        #expect(lease.cutOffs.map(\.number) == [1, 2])
        #expect(lease.cutOffs.map(\.holder) == [.named("anna"), .named("ben")])
        try await lock().release(lease)
        #expect(try await lock().claim(as: .named("dora")).lease?.cutOffs.map(\.number) == [2])
    }

    @Test("Who loses the race to create waits, whatever the server says to it", arguments: [200, 400, 500])
    func lostRace(status: Int) async throws {
        let winner = lock()
        let late = Interposed(mlflow) { request, send in
            guard request.url.contains("/create") else { return try await send() }
            _ = try await winner.claim(as: .named("anna"))
            let answer = try await send()
            return status == 200 ? answer : HTTPResponse(status: status)
        }
        #expect(try await lock(late.mlflow).claim(as: .named("ben")).held?.holder.name == "anna")
        #expect(names == ["drover.lock.shop.1"])
    }

    @Test("Who was paused after its look, and creates a number that is old by now, has lost")
    func pausedBeforeCreate() async throws {
        let others = lock()
        let late = Interposed(mlflow) { request, send in
            guard request.url.contains("/create") else { return try await send() }
            for name in ["a", "b", "c", "d"] {
                guard let lease = try await others.claim(as: .named(name)).lease else { continue }
                if name != "d" { try await others.release(lease) }
            }
            return try await send()
        }
        #expect(try await lock(late.mlflow).claim(as: .named("ben")).held?.holder.name == "d")
        #expect(names == ["drover.lock.shop.3", "drover.lock.shop.4"])
    }

    @Test("A create whose answer is lost counts when the listing has it")
    func lostAnswer() async throws {
        mlflow.cut(.answer(2))
        #expect(try await lock().claim(as: .named("anna")).lease?.number == 1)
        #expect(names == ["drover.lock.shop.1"])
    }

    @Test("A lock whose lease ran out before it was confirmed is given back, and tried for again")
    func tooSlow() async throws {
        let slow = Interposed(mlflow) { request, send in
            if request.url.contains("/create"), names.isEmpty { time.pass(.seconds(31)) }
            return try await send()
        }
        guard case .contested = try await lock(slow.mlflow).claim(as: .named("anna")) else {
            return #expect(Bool(false), "taken, or held")
        }
        #expect(try await lock(slow.mlflow).claim(as: .named("anna")).lease?.number == 2)
    }

    @Test("A create that failed without another holder is none's")
    func failedCreate() async throws {
        let failing = Interposed(mlflow) { request, send in
            request.url.contains("/create") ? HTTPResponse(status: 500) : try await send()
        }
        guard case .contested = try await lock(failing.mlflow).claim(as: .named("anna")) else {
            return #expect(Bool(false), "neither taken nor held")
        }
        await #expect(throws: WireError.self) {
            try await MLflowLock(failing.mlflow, stack: StackName("shop"), clock: .faster(100))
                .holding(as: .named("anna"), LockTerms(timeout: .seconds(60)), gate: LeaseGate()) {}
        }
    }

    @Test("Without the right to create registered models, that right is named")
    func denied() async throws {
        let denying = Interposed(mlflow) { request, send in
            request.method == .get ? try await send() : HTTPResponse(status: 403)
        }
        let claimed = await #expect(throws: Diagnostic.self) {
            try await lock(denying.mlflow).claim(as: .named("anna"))
        }
        #expect(claimed?.cause == .locked && claimed?.fix?.contains("create registered models") == true)
        _ = try await lock().claim(as: .named("anna"))
        let unlocked = await #expect(throws: Diagnostic.self) {
            try await lock(denying.mlflow).unlock(1, by: "ben")
        }
        #expect(unlocked?.fix?.contains("`EDIT` on the registered model `drover.lock.shop.1`") == true)
    }

    @Test("Locks of others that we may not see are told as such")
    func hidden() async throws {
        _ = try await lock().claim(as: .named("anna"))
        let hiding = Interposed(mlflow) { request, send in
            request.method == .get ? HTTPResponse(status: 200, body: Array("{}".utf8)) : try await send()
        }
        let thrown = await #expect(throws: Diagnostic.self) {
            try await MLflowLock(hiding.mlflow, stack: StackName("shop"), clock: .faster(100))
                .holding(as: .named("ben"), LockTerms(timeout: .seconds(60)), gate: LeaseGate()) {}
        }
        #expect(thrown?.fix?.contains("`READ` on the registered models `drover.lock.shop.*`") == true)
    }

    @Test("Only the newest lock can be released by someone else, and only once")
    func unlock() async throws {
        func refusal(_ number: Int) async -> String? {
            let thrown = await #expect(throws: Diagnostic.self) { try await lock().unlock(number, by: "ben") }
            #expect(thrown?.cause == .conflict)
            return thrown?.detail
        }
        #expect(await refusal(1) == "This stack has no locks.")
        let lease = try #require(try await lock().claim(as: .named("anna")).lease)
        #expect(await refusal(2)?.contains("newest lock of this stack is 1, held by anna on desk") == true)
        try await lock().unlock(1, by: "ben")
        #expect(await refusal(1) == "Lock 1 is released already.")
        #expect(try await lock().renew(lease) == false)
        let next = try #require(try await lock().claim(as: .named("ben")).lease)
        #expect(next.number == 2 && next.cutOffs.map(\.number) == [1] && next.cutOffs.map(\.holder) == [.named("anna")])
        try await lock().release(next)
        // Told once more, where the holder in between did not come to tell it.
        let last = try #require(try await lock().claim(as: .named("anna")).lease)
        #expect(last.cutOffs.map(\.number) == [1])
        try await lock().release(last)
        #expect(try await lock().claim(as: .named("anna")).lease?.cutOffs.isEmpty == true)
    }

    @Test("A holder whose lock was deleted has lost it")
    func deleted() async throws {
        let lease = try #require(try await lock().claim(as: .named("anna")).lease)
        try await mlflow.server().deleteRegisteredModel("drover.lock.shop.1")
        #expect(try await lock().renew(lease) == false)
        try await lock().release(lease)
    }

    @Test("Eight contenders: never two at once, and each has its turn")
    func contention() async throws {
        let turns = Turns()
        let server = mlflow.server()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for contender in 1...8 {
                group.addTask {
                    let lock = MLflowLock(server, stack: StackName("shop"), clock: .faster(10)) { _ in false }
                    for round in 1...5 { try await turns.take(of: lock, as: .named("\(contender)-\(round)")) }
                }
            }
            try await group.waitForAll()
        }
        #expect(turns.count == 40)
        #expect(names.count <= 3)
    }
}

/// Counts who holds a lock, and how often it was held.
private final class Turns: Sendable {
    private let inside = Mutex(0)
    private let taken = Mutex(0)

    var count: Int { taken.withLock { $0 } }

    func take(of lock: MLflowLock, as holder: LockHolder) async throws {
        try await lock.holding(as: holder, LockTerms(timeout: .seconds(3600)), gate: LeaseGate()) {
            self.inside.withLock { $0 += 1 }
            #expect(self.inside.withLock { $0 } == 1)
            try await Task.sleep(for: .milliseconds(3))
            self.inside.withLock { $0 -= 1 }
            self.taken.withLock { $0 += 1 }
        }
    }
}
