/// A value that is fetched once, when something first asks; whoever asks meanwhile waits for the same answer.
///
/// A fetch that failed is tried again by the next one who asks.
package actor Once<Value: Sendable> {
    private let fetch: @Sendable () async throws -> Value
    private var fetched: Value?
    private var isFetching = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    package init(_ fetch: @escaping @Sendable () async throws -> Value) {
        self.fetch = fetch
    }

    /// The value.
    /// - Throws: What the fetch throws.
    package func value() async throws -> Value {
        while isFetching { await withCheckedContinuation { waiting.append($0) } }
        if let fetched { return fetched }
        isFetching = true
        defer { finish() }
        let value = try await fetch()
        fetched = value
        return value
    }

    private func finish() {
        isFetching = false
        for continuation in waiting { continuation.resume() }
        waiting = []
    }
}
