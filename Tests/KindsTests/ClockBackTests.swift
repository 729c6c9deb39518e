import Engine
import Fakes
import Kinds
import Language
import Records
import Testing
import Wire

/// A whole apply, under its lock, during which the servers' clocks go back an hour, or on: seen from them drover's own goes the
/// other way.
@Suite("Clocks that are set during an apply")
struct ClockBackTests {
    private static func spec(_ instructions: String, _ text: String) -> String {
        """
        experiments: {e: {tags: {a: \(instructions)}}}
        registeredModels: {m: {}}
        prompts: {p: {template: \(text), alias: live}}
        datasets: {d: {experiment: e, records: [{q: \(text)}]}}
        vectorStores: {s: {embeddingModel: scripted/embed, documents: [{text: \(text), name: a.txt}]}}
        tools: {t: {fileSearch: {vectorStores: [s]}}}
        agents:
          a: {model: scripted/llm, instructions: \(instructions), tools: [t], log: {experiment: e, registeredModel: m}}
        """
    }

    private static let (first, second) = (spec("One", "Hay."), spec("Two", "Grass."))

    /// Renews all the time, so that renewals come before, while and after the clocks are set.
    private static let busy = LeaseClock(
        now: LeaseClock.system.now, sleep: { _ in try await Task.sleep(for: .milliseconds(2)) })

    private static func lock(_ stack: TestStack) -> MLflowLock {
        MLflowLock(stack.mlflow.server(), stack: StackName("helpdesk"), clock: busy) { _ in false }
    }

    private static func holder(_ name: String) -> LockHolder {
        LockHolder(id: "id-\(name)", name: name, host: "desk", purpose: "apply")
    }

    /// What is there without the models of locks.
    private static func lines(_ stack: TestStack) -> [String] {
        Contents(stack).lines.filter { !$0.contains("drover.lock.") }
    }

    @Test(
        "Nothing is lost, made twice or left open, and the lock stays taken and is given back",
        arguments: [-3600, 3600])
    func whole(seconds: Int) async throws {
        let undisturbed = try TestStack()
        try await undisturbed.apply(Self.first)
        let count = try await undisturbed.apply(Self.second, cutting: .never).count
        let wanted = Self.lines(undisturbed)
        for number in stride(from: 1, through: count, by: 3) {
            let stack = try TestStack()
            try await stack.apply(Self.first)
            let gate = LeaseGate()
            let scissors = Scissors(
                .stop(number),
                onStop: {
                    stack.mlflow.setClock(by: seconds)
                    stack.ogx.setClock(by: seconds)
                    // A claim that fails is none that was held, either.
                    if case .held? = try? await Self.lock(stack).claim(as: Self.holder("ben")) { return }
                    Issue.record("The lock was free at request \(number).")
                })
            let applied = try await Self.lock(stack).holding(
                as: Self.holder("anna"), LockTerms(timeout: .zero), gate: gate
            ) {
                let applied = try await stack.open(Self.second, scissors, behind: gate).apply()
                #expect(gate.isOpen)
                return applied
            }
            #expect(applied.failures == [], "at \(number) of \(count)")
            let newest = try await Self.lock(stack).newest()
            #expect(newest?.isReleased == true && newest?.holder.name == "anna", "at \(number) of \(count)")
            #expect(Self.lines(stack).difference(from: wanted).isEmpty, "at \(number) of \(count)")
            let rest = try await stack.open(Self.second)
            #expect(try await rest.store.load().intents == [:], "at \(number) of \(count)")
            #expect(try await rest.store.history().map(\.number) == [1, 2], "at \(number) of \(count)")
            #expect(try await rest.plan().lines == [], "at \(number) of \(count)")
        }
    }
}
