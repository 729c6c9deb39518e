import Engine
import FoundationEssentials
import Kinds
import Language
import Records
import Wire

/// Where the record and the lock of a stack are kept.
enum RecordPlace: Sendable {
    case mlflow
    case file(String)

    /// In a file beside the spec where MLflow is wanted and not at hand.
    /// - Parameter gate: Closed once the lock is lost; MLflow's requests pass it already.
    func store(
        _ stack: StackName, _ mlflow: MLflowServer?, _ gate: LeaseGate,
        warn: @escaping @Sendable (Diagnostic) -> Void = { _ in }
    ) -> any RecordStore {
        switch (self, mlflow) {
        case (.mlflow, let mlflow?): MLflowRecord(mlflow, stack: stack, warn: warn)
        case (.mlflow, nil): FileRecord(path: ".drover/\(stack).record.json", stack: stack, gate: gate)
        case (.file(let path), _): FileRecord(path: path, stack: stack, gate: gate)
        }
    }

    func lock(_ stack: StackName, _ mlflow: MLflowServer?) -> any Engine.Lock {
        switch (self, mlflow) {
        case (.mlflow, let mlflow?): MLflowLock(mlflow.ungated, stack: stack)
        case (.mlflow, nil): FileLock(beside: ".drover/\(stack).record.json")
        case (.file(let path), _): FileLock(beside: path)
        }
    }
}

extension Session {
    var lock: any Engine.Lock {
        place.lock(workflow.stack, servers.mlflow)
    }

    /// The same, with nothing listed yet.
    func refreshed() async throws -> Session {
        var servers = servers
        servers.mlflow = servers.mlflow.map { MLflowServer($0.endpoint) }
        let store = place.store(workflow.stack, servers.mlflow, gate)
        await store.bind(to: try await identities.value(), isStrict: true)
        return Session(
            workflow: workflow, servers: servers, locations: locations,
            drivers: Kinds.standard.drivers(servers, for: workflow),
            store: store, place: place, gate: gate, transports: transports,
            specDigest: specDigest, root: root, recordSpec: recordSpec,
            clientEnvironment: clientEnvironment, identities: identities)
    }
}

extension LockHolder {
    /// This process, and its user.
    static func here(for purpose: String, commit: String?) -> LockHolder {
        LockHolder(
            id: UUID().uuidString.lowercased(), name: user, host: ProcessInfo.processInfo.hostName, purpose: purpose,
            process: ProcessMark.current(), commit: commit)
    }

    /// Who runs this, also where the environment does not say it.
    static var user: String {
        let process = ProcessInfo.processInfo
        return [process.environment["USER"], process.userName].compactMap(\.self).first { !$0.isEmpty } ?? "unknown"
    }
}
