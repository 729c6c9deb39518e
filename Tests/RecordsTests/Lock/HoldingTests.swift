import Engine
import Fakes
import Language
import Records
import Synchronization
import Testing
import Wire

@Suite("A held lock", .timeLimit(.minutes(20)))
struct HoldingTests {
    private let mlflow = FakeMLflow()
    private let time = ManualTime()
    private let gate = LeaseGate()

    private var lock: MLflowLock {
        MLflowLock(mlflow.server(), stack: StackName("shop"), clock: time.clock) { _ in false }
    }

    private var isReleased: Bool {
        mlflow.store.registeredModels.last?.tags.contains { $0.key == "drover.lock.released" } ?? false
    }

    private func isTrue(_ condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(1)) }
    }

    @Test("A lease runs from the sending of the last confirmed renewal, and never comes back")
    func lease() {
        let lease = Lease(1, of: .named("anna"), claimed: .zero, term: .seconds(30), clock: time.clock)
        time.pass(.seconds(29))
        #expect(lease.isHeld)
        lease.confirm(sent: .seconds(10))
        time.pass(.seconds(10))
        #expect(lease.isHeld)
        time.pass(.seconds(1))
        #expect(!lease.isHeld)
        lease.confirm(sent: .seconds(39))
        let thrown = #expect(throws: Diagnostic.self) { try lease.check() }
        #expect(thrown?.cause == .locked)
    }

    @Test("It is renewed three times in a lease, and released at the end")
    func renewed() async throws {
        try await lock.holding(as: .named("anna"), LockTerms(timeout: .zero), gate: gate) {
            for _ in 1...9 {
                let before = mlflow.store.registeredModels[0].lastUpdated
                try await time.passAwaited(.seconds(10))
                try await isTrue { mlflow.store.registeredModels[0].lastUpdated > before }
                #expect(gate.isOpen)
            }
            #expect(!isReleased)
        }
        #expect(isReleased && gate.isOpen)
    }

    @Test("It is released when the body fails")
    func failure() async throws {
        await #expect(throws: CancellationError.self) {
            try await lock.holding(as: .named("anna"), LockTerms(timeout: .zero), gate: gate) {
                throw CancellationError()
            }
        }
        #expect(isReleased)
    }

    @Test("A lock that cannot be given back is told, and does not hide the result")
    func unreleased() async throws {
        let told = Mutex<[Diagnostic]>([])
        let result = try await lock.holding(as: .named("anna"), LockTerms(timeout: .zero), gate: gate) { event in
            if case .unreleased(let warning) = event { told.withLock { $0.append(warning) } }
        } _: {
            mlflow.cut(.before(1))
            return 7
        }
        #expect(result == 7)
        #expect(told.withLock { $0 }.map(\.severity) == [.warning])
    }

    @Test("Once renewals fail for a lease, no change leaves any more, and reads still do")
    func lost() async throws {
        var endpoint = mlflow.server().endpoint
        endpoint.admit = { [gate] _ in try gate.check() }
        let server = MLflowServer(endpoint)
        try await lock.holding(as: .named("anna"), LockTerms(timeout: .zero), gate: gate) {
            try await server.createRegisteredModel("before")
            mlflow.cut(.before(1))
            for _ in 1...2 {
                time.pass(.seconds(10))
                #expect(gate.isOpen)
            }
            time.pass(.seconds(10))
            #expect(!gate.isOpen)
            mlflow.cut(.never)
            let thrown = await #expect(throws: Diagnostic.self) { try await server.createRegisteredModel("after") }
            #expect(thrown?.code.name == "lease-lost" && thrown?.cause == .locked)
            #expect(try await server.registeredModels().map(\.name) == ["drover.lock.shop.1", "before"])
        }
        try await server.createRegisteredModel("later")
    }

    @Test("A holder that someone released learns it from its next renewal")
    func takenAway() async throws {
        try await lock.holding(as: .named("anna"), LockTerms(timeout: .zero), gate: gate) {
            try await lock.unlock(1, by: "ben")
            #expect(gate.isOpen)
            try await time.passAwaited(.seconds(10))
            try await isTrue { !gate.isOpen }
        }
    }

    @Test("Who waits in vain is told who holds it, since when, and what to do; a lease that lasts is not broken")
    func timeout() async throws {
        _ = try await lock.claim(as: .named("anna"))
        let waiting = Mutex(0)
        let running = ManualTime(runsWhileWaiting: true).clock
        let contender = MLflowLock(mlflow.server(), stack: StackName("shop"), clock: running) { _ in false }
        let thrown = await #expect(throws: Diagnostic.self) {
            try await contender.holding(as: .named("ben"), LockTerms(timeout: .seconds(20)), gate: gate) { event in
                if case .waiting = event { waiting.withLock { $0 += 1 } }
            } _: {
                #expect(Bool(false), "it was held")
            }
        }
        #expect(waiting.withLock { $0 } == 1)
        #expect(thrown?.cause == .locked)
        #expect(thrown?.detail.contains("anna on desk (apply, since 2027-01-15T08:00:00Z, lock 1)") == true)
        #expect(thrown?.fix?.contains("`drover state unlock 1`") == true)
        // With more time it is taken over.
        try await contender.take(.seconds(120))
        #expect(mlflow.store.registeredModels.map(\.name) == ["drover.lock.shop.1", "drover.lock.shop.2"])
    }

    @Test("An interruption ends the wait")
    func interrupted() async throws {
        _ = try await lock.claim(as: .named("anna"))
        let contender = lock
        await #expect(throws: CancellationError.self) {
            try await contender.holding(
                as: .named("ben"), LockTerms(timeout: .seconds(20)) { false }, gate: gate
            ) {}
        }
        #expect(mlflow.store.registeredModels.count == 1)
    }
}

extension MLflowLock {
    /// Claims until it is taken, without renewing it.
    fileprivate func take(_ timeout: Duration) async throws {
        let end = clock.now() + timeout
        while clock.now() < end {
            if try await claim(as: .named("ben")).lease != nil { return }
            try await clock.sleep(.seconds(1))
        }
    }
}
