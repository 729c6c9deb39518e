/// The record while it is being read: what does not depend on it need not wait.
package actor AwaitedRecord {
    private var result: Result<Record, any Error>?
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init() {}

    /// One that is known already.
    package init(_ record: Record) {
        result = .success(record)
    }

    /// - Throws: What the reading threw.
    package func value() async throws -> Record {
        while true {
            if let result { return try result.get() }
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    /// Reads the record for everyone who waits for it.
    nonisolated func read(_ load: () async throws -> Record) async throws -> Record {
        do {
            let record = try await load()
            await settle(.success(record))
            return record
        } catch {
            await settle(.failure(error))
            throw error
        }
    }

    private func settle(_ result: Result<Record, any Error>) {
        self.result = result
        for continuation in waiting { continuation.resume() }
        waiting = []
    }
}
