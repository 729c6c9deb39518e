import Engine
import Language
import Synchronization
import Testing

@Suite("GraphWalk")
struct GraphWalkTests {
    /// What visits did, in order, and how many there were at a time.
    private final class Log: Sendable {
        private let state = Mutex((running: 0, most: 0, names: [String]()))

        func begin(_ name: String) {
            state.withLock { state in
                state.running += 1
                state.most = max(state.most, state.running)
                state.names.append(name)
            }
        }

        func end() {
            state.withLock { $0.running -= 1 }
        }

        var most: Int { state.withLock { $0.most } }
        var names: [String] { state.withLock { $0.names } }
    }

    private static let failure = Diagnostic("broken", "Broken", detail: "It broke.")

    private static func spelled(_ outcomes: [Address: Outcome<String>]) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: outcomes.map { address, outcome in
                switch outcome {
                case .done(let text): (address.name, "done \(text)")
                case .failed: (address.name, "failed")
                case .skipped(let cause): (address.name, "skipped because of \(cause.name)")
                case .interrupted: (address.name, "interrupted")
                }
            })
    }

    @Test("No more visits than the limit run at a time, and as many as it allows", arguments: [1, 2, 5])
    func limit(limit: Int) async throws {
        let graph = try GraphTests.graph("a", "b", "c", "d", "e", "f", "g", "h")
        let log = Log()
        _ = await graph.walk(limit: limit) { (address, _: [Address: String]) in
            log.begin(address.name)
            // Waits until as many run as may, which takes more tries than there are visits.
            for _ in 0..<10_000 where log.most < limit { await Task.yield() }
            log.end()
            return .done("")
        }
        #expect(log.most == limit)
        #expect(log.names.sorted() == ["a", "b", "c", "d", "e", "f", "g", "h"])
    }

    @Test("A visit gets the results of what it needs, and of nothing else")
    func results() async throws {
        let graph = try GraphTests.graph("a", "b: a", "c: b", "d")
        let outcomes = await graph.walk(limit: 1) { (address, done: [Address: String]) in
            .done(address.name + done.values.sorted().joined())
        }
        #expect(Self.spelled(outcomes) == ["a": "done a", "b": "done ba", "c": "done cba", "d": "done d"])
    }

    @Test("A failure skips what depends on it and nothing else, and is named as the cause down to the last")
    func failure() async throws {
        let graph = try GraphTests.graph("a", "b: a", "c: b", "d", "e: d c")
        let log = Log()
        let outcomes = await graph.walk(limit: 4) { (address, _: [Address: String]) in
            log.begin(address.name)
            return address.name == "a" ? .failed(Self.failure) : .done("")
        }
        #expect(
            Self.spelled(outcomes) == [
                "a": "failed", "b": "skipped because of a", "c": "skipped because of a", "d": "done ",
                "e": "skipped because of a",
            ])
        #expect(log.names.sorted() == ["a", "d"])
    }

    @Test("After an interruption what is in flight ends, and nothing begins")
    func interruption() async throws {
        let graph = try GraphTests.graph("a", "b: a", "c", "d: b")
        let isStopped = Mutex(false)
        let outcomes = await graph.walk(limit: 1, mayStart: { isStopped.withLock { !$0 } }) {
            (address, _: [Address: String]) in
            isStopped.withLock { $0 = true }
            return .done(address.name)
        }
        #expect(
            Self.spelled(outcomes) == ["a": "done a", "b": "interrupted", "c": "interrupted", "d": "interrupted"])
    }

    @Test("What a failure would have skipped is skipped, interrupted or not")
    func failureAndInterruption() async throws {
        let graph = try GraphTests.graph("a", "b: a", "c")
        let isStopped = Mutex(false)
        let outcomes = await graph.walk(limit: 1, mayStart: { isStopped.withLock { !$0 } }) {
            (_, _: [Address: String]) in
            isStopped.withLock { $0 = true }
            return .failed(Self.failure)
        }
        #expect(Self.spelled(outcomes) == ["a": "failed", "b": "skipped because of a", "c": "interrupted"])
    }

    @Test("A walk of nothing ends")
    func empty() async throws {
        let outcomes = try await Graph([], uses: []).walk(limit: 1) { (_, _: [Address: String]) in .done("") }
        #expect(outcomes.isEmpty)
    }
}
