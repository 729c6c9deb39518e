/// A value that is fetched once, on first use; concurrent callers wait for the same result.
///
/// After a failed fetch, the next caller tries again.
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
