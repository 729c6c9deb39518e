import Engine
import Kinds
import Language
import Runtime

/// Changes a release by hand, while the stack is locked, and notes it in the history.
struct Releasing {
    let stack: Stack
    let server: ServerOptions
    let locking: LockOptions

    typealias Act = @Sendable (ReleaseResource, StackName) async throws -> (live: ReleaseResource.Live, told: String)

    func act(command: String, _ body: @escaping Act) async throws {
        let (stack, locking) = (stack, locking)
        try await Session.open(stack, server, needs: Needs(mlflow: true)) { session in
            try await session.locked(locking, stack, for: command) { session in
                guard let mlflow = session.servers.mlflow else { throw Diagnostic.noReleases }
                let resource = ReleaseResource(
                    mlflow, registry: Registry(mlflow), models: [:], actor: session.servers.actor)
                let started = Deployment.milliseconds()
                let told = try await body(resource, session.workflow.stack).told
                Console.out(told)
                try await session.note(command, told, since: started)
            }
        }
    }
}

extension Session {
    /// Adds to the history what was done by hand.
    fileprivate func note(_ command: String, _ told: String, since started: Int64) async throws {
        var entry = HistoryEntry(
            command: command, specDigest: specDigest, gitCommit: servers.commit, actor: LockHolder.user,
            startedAt: started, finishedAt: Deployment.milliseconds(), succeeded: true, results: [told])
        entry.summary = told
        entry.drover = Version.text
        try await store.log(entry, leaving: nil)
    }
}

extension Diagnostic {
    fileprivate static var noReleases: Diagnostic {
        Diagnostic(
            "no-mlflow", "No MLflow", detail: "Releases live in MLflow, and none is connected.",
            fix: "Name it under `servers.mlflow`, or in MLFLOW_TRACKING_URI.", cause: .lacking)
    }
}
