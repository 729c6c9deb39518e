import Engine
import Kinds
import Language
import Reports

/// Changes a release by hand, while the stack is locked, and notes it in the history.
struct Releasing {
    let stack: Stack
    let server: ServerOptions
    let locking: LockOptions

    /// - Parameters:
    ///   - change: What is done, for programs; nil where they are told nothing.
    ///   - prepare: Does what may take long, while nobody is locked out.
    ///   - body: Does it, and tells in one sentence what was done.
    func act(
        command: String, doing change: Change? = nil,
        after prepare: @escaping @Sendable (Session) async -> Void = { _ in },
        _ body: @escaping @Sendable (Session) async throws -> String
    ) async throws {
        let (stack, locking) = (stack, locking)
        try await Session.open(stack, server, needs: Needs(mlflow: true)) { session in
            await prepare(session)
            try await session.locked(locking, stack, for: command) { session in
                let started = Deployment.milliseconds()
                let told = try await session.telling(change) { try await body(session) }
                Console.out(told)
                try await session.note(command, told, since: started)
            }
        }
    }
}

extension Session {
    /// Tells programs what is about to be done by hand, as a plan.
    func tell(_ act: ReleaseAct, freeing freed: [Freed], _ stack: Stack) {
        guard EventOutput.isOn else { return }
        EventOutput.begin(stack.sources)
        var plan = Plan(stack: workflow.stack, changes: [act.change])
        plan.freed = freed
        // A plan always encodes: it is data.
        try? EventOutput.write {
            try $0.planned(plan, servers: locations, endangered: [], requests: requestCount, at: $1)
        }
    }

    /// Runs a body that does something by hand, and tells programs what became of it.
    fileprivate func telling<Result>(
        _ change: Change?, _ body: () async throws -> Result
    ) async throws -> Result {
        guard let change, EventOutput.isOn else { return try await body() }
        let (address, action, start) = (change.address, change.action, ContinuousClock.now)
        EventOutput.write { $0.value(.started(address, action), at: $1) }
        do {
            let result = try await body()
            let elapsed = ContinuousClock.now - start
            EventOutput.write { $0.value(.finished(address, action, elapsed: elapsed), at: $1) }
            EventOutput.write { $0.summary(.byHand(change), elapsed: elapsed, requests: requestCount, at: $1) }
            return result
        } catch {
            let problem = Diagnostic.from(error, at: address.description)
            EventOutput.write { $0.value(.failed(address, action, problem), at: $1) }
            throw error
        }
    }

    /// Adds to the history what was done by hand, imported or accepted.
    /// - Parameters:
    ///   - told: It, in a few words.
    ///   - lines: The same, each thing for itself; nil for one.
    func note(
        _ command: String, _ told: String, lines: [String]? = nil, since started: Int64
    ) async throws {
        var entry = HistoryEntry(
            command: command, specDigest: specDigest, gitCommit: servers.commit, actor: LockHolder.user,
            startedAt: started, finishedAt: Deployment.milliseconds(), succeeded: true,
            results: lines ?? [told])
        entry.summary = told
        entry.drover = Version.text
        entry.lock = gate.held?.holder.id
        try await store.log(entry, leaving: nil)
    }
}
