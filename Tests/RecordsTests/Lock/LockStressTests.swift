import Engine
import Fakes
import Language
import Records
import Synchronization
import Testing
import Wire

@Suite("MLflowLock under kills and pauses", .timeLimit(.minutes(20)))
final class LockStressTests: Sendable {
    private let mlflow = FakeMLflow()
    /// Who held the lock by its own clock, in the order in which they looked.
    private let history = Mutex<[String]>([])
    private let kills = Mutex(0)

    /// Its requests are now and then held up for longer than a lease, before they are sent or before they are answered.
    private func contender() -> MLflowLock {
        let slow = Interposed(mlflow) { _, send in
            try await Self.pause()
            let answer = try await send()
            try await Self.pause()
            return answer
        }
        return MLflowLock(slow.mlflow, stack: StackName("shop"), clock: .faster(100)) { _ in false }
    }

    private static func pause() async throws {
        if Int.random(in: 0..<30) == 0 { try await Task.sleep(for: .milliseconds(.random(in: 250...500))) }
    }

    @Test("Eight contenders, some killed and some paused for longer than a lease: never two holders")
    func neverTwo() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...8 {
                group.addTask {
                    for round in 1...13 { try await self.turn("\(number)-\(round)") }
                }
            }
            try await group.waitForAll()
        }
        let held = history.withLock { $0 }
        let blocks = held.indices.filter { $0 == 0 || held[$0] != held[$0 - 1] }.map { held[$0] }
        #expect(Set(blocks).count == blocks.count, "somebody looked, and held it, after another did: \(blocks)")
        let killed = kills.withLock { $0 }
        print("\(blocks.count) holders of 104 turns, \(killed) killed")
        #expect(blocks.count > 50 && killed > 0)
        #expect(mlflow.store.registeredModels.count <= 2 + 8)
    }

    private func turn(_ name: String) async throws {
        let (lock, gate) = (contender(), LeaseGate())
        if Int.random(in: 0..<8) == 0 { return try await beKilled(lock, name) }
        try await lock.holding(as: .named(name), LockTerms(timeout: .seconds(86_400)), gate: gate) {
            for _ in 1...5 {
                look(name) { gate.isOpen }
                try await Task.sleep(for: .milliseconds(.random(in: 0...5)))
            }
            if Int.random(in: 0..<10) == 0 { try await Task.sleep(for: .milliseconds(400)) }
            look(name) { gate.isOpen }
        }
    }

    /// Takes it, and is never heard of again.
    private func beKilled(_ lock: MLflowLock, _ name: String) async throws {
        for _ in 1...200 {
            if let lease = try await lock.claim(as: .named(name)).lease {
                look(name) { lease.isHeld }
                return kills.withLock { $0 += 1 }
            }
            try await Task.sleep(for: .milliseconds(.random(in: 5...20)))
        }
    }

    private func look(_ name: String, _ isHeld: () -> Bool) {
        history.withLock { if isHeld() { $0.append(name) } }
    }
}
