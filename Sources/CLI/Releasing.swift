import Engine
import Kinds
import Language

/// Changes a release by hand, while the stack is locked, and notes it in the history.
struct Releasing {
    let stack: Stack
    let server: ServerOptions
    let locking: LockOptions

    /// - Parameters:
    ///   - prepare: Does what may take long, while nobody is locked out.
    ///   - body: Does it, and tells in one sentence what was done.
    func act(
        command: String, after prepare: @escaping @Sendable (Session) async -> Void = { _ in },
        _ body: @escaping @Sendable (Session) async throws -> String
    ) async throws {
        let (stack, locking) = (stack, locking)
        try await Session.open(stack, server, needs: Needs(mlflow: true)) { session in
            await prepare(session)
            try await session.locked(locking, stack, for: command) { session in
                let started = Deployment.milliseconds()
                let told = try await body(session)
                Console.out(told)
                try await session.note(command, told, since: started)
            }
        }
    }
}

extension Session {
    /// Adds to the history what was done by hand, or accepted.
    func note(_ command: String, _ told: String, since started: Int64) async throws {
        var entry = HistoryEntry(
            command: command, specDigest: specDigest, gitCommit: servers.commit, actor: LockHolder.user,
            startedAt: started, finishedAt: Deployment.milliseconds(), succeeded: true, results: [told])
        entry.summary = told
        entry.drover = Version.text
        try await store.log(entry, leaving: nil)
    }
}
