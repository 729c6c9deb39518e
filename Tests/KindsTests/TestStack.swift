import Engine
import Fakes
import Foundation
import Kinds
import Language
import Records
import Synchronization
import Testing
import Wire

/// A spec in a folder of its own, and the servers that it is applied to.
final class TestStack: Sendable {
    let ogx: FakeOGX
    let mlflow: FakeMLflow
    let kinds: Kinds
    /// Where the spec and its documents lie.
    let folder: URL
    /// How long runs wait for what got no answer.
    let patience: Duration
    /// What runs said that they wait for.
    let told = Mutex<[String]>([])

    init(
        ogx: FakeOGX = FakeOGX(), mlflow: FakeMLflow = FakeMLflow(), kinds: Kinds = .standard,
        patience: Duration = .zero
    ) throws {
        self.kinds = kinds
        self.patience = patience
        self.ogx = ogx
        self.mlflow = mlflow
        folder = URL.temporaryDirectory.appending(path: "drover-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)  // The system cleans up what is left.
    }

    /// Writes a file of the spec.
    func write(_ path: String, _ text: String) throws {
        let file = folder.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    func remove(_ path: String) throws {
        try FileManager.default.removeItem(at: folder.appending(path: path))
    }

    /// Reads a spec; `drover: v1` and `stack: helpdesk` come first by themselves.
    /// - Throws: `Diagnostics` with what is wrong with it.
    func declare(_ yaml: String) throws -> (Workflow, SpecFolder) {
        try write("drover.yaml", "drover: v1\nstack: helpdesk\n" + yaml)
        let catalog = Catalog(sections: kinds.sections, settings: [])
        let loader = SpecLoader(fields: catalog.fields, environment: [:], workingDirectory: folder.path) {
            _ throws(FileBytes.Failure) in []
        }
        let spec = loader.load(paths: ["drover.yaml"])
        var problems = Problems()
        problems.report(spec.diagnostics)
        let workflow = spec.root.flatMap { Workflow.declare($0, catalog: catalog, &problems) }
        guard let workflow, problems.diagnostics.isEmpty else { throw Diagnostics(problems.diagnostics) }
        return (workflow, SpecFolder(root: spec.rootDirectory, directory: spec.directory(of:)))
    }

    /// Connects as a new run of the program would.
    /// - Parameter gate: Admits what changes something; nil where no lock is required.
    func open(
        _ yaml: String, _ scissors: Scissors = Scissors(.never), behind gate: LeaseGate? = nil
    ) async throws -> TestRun {
        let (workflow, specFolder) = try declare(yaml)
        return try await open(workflow, specFolder, scissors, behind: gate)
    }

    func open(
        _ workflow: Workflow, _ specFolder: SpecFolder, _ scissors: Scissors, behind gate: LeaseGate? = nil
    ) async throws -> TestRun {
        let retry = RetryPolicy(attempts: scissors.attempts, base: .zero)
        var (stackPlace, mlflowPlace) = (
            Endpoint(service: "OGX", base: "http://ogx.test", transport: scissors.through(ogx), retry: retry),
            Endpoint(service: "MLflow", base: FakeMLflow.base, transport: scissors.through(mlflow), retry: retry)
        )
        if let gate {
            stackPlace.admit = { _ in try gate.check() }
            mlflowPlace.admit = { _ in try gate.check() }
        }
        let llamaStack = try await LlamaStack.connect(to: stackPlace)
        let server = MLflowServer(mlflowPlace)
        var servers = Servers(
            stack: workflow.stack, llamaStack: llamaStack, mlflow: server, folder: specFolder,
            transport: scissors.through(ogx), commit: nil)
        servers.patience = patience
        servers.tell = { [weak self] text in self?.told.withLock { $0.append(text) } }
        return TestRun(
            workflow: workflow, servers: servers, kinds: kinds, drivers: kinds.drivers(servers, for: workflow),
            store: MLflowRecord(server, stack: workflow.stack))
    }

    @discardableResult
    func plan(
        _ yaml: String, _ permissions: Permissions = Permissions(), inspection: Inspection = .fields
    ) async throws -> Plan {
        try await open(yaml).plan(permissions, inspection: inspection)
    }

    /// Plans and applies; what failed is thrown.
    @discardableResult
    func apply(_ yaml: String, _ permissions: Permissions = Permissions()) async throws -> Applied {
        let applied = try await open(yaml).apply(permissions)
        guard applied.failures.isEmpty else { throw Diagnostics(applied.failures) }
        return applied
    }

    /// Plans and applies until the connection breaks.
    /// - Returns: What would have been sent.
    @discardableResult
    func apply(_ yaml: String, cutting cut: Scissors.Cut) async throws -> [String] {
        let scissors = Scissors(cut)
        let (workflow, folder) = try declare(yaml)
        do {
            _ = try await open(workflow, folder, scissors).apply()
        } catch {
            // That it fails is what the cut is for.
        }
        return scissors.requests
    }
}

/// One run of the program on a stack.
struct TestRun: Sendable {
    let workflow: Workflow
    let servers: Servers
    let kinds: Kinds
    let drivers: [any Driver]
    let store: any RecordStore

    func survey() async throws -> Survey {
        try await Survey.take(of: workflow, with: drivers, loading: store).survey
    }

    private func survey(_ permissions: Permissions) async throws -> (Survey, Record) {
        let (survey, record) = try await Survey.take(of: workflow, with: drivers, loading: store)
        guard permissions.takeOver else { return (survey, record) }
        return (try await survey.withOthers(for: workflow, with: drivers), record)
    }

    func plan(
        _ permissions: Permissions = Permissions(), inspection: Inspection = .fields
    ) async throws -> Plan {
        let (survey, record) = try await survey(permissions)
        return try await Planner(
            workflow, drivers: drivers, survey: survey, record: record, permissions: permissions,
            inspection: inspection
        ).plan()
    }

    /// Applies as the program does: what the plan says that a promotion frees goes after it.
    ///
    /// - Parameter mayStart: False once the user interrupts.
    func apply(
        _ permissions: Permissions = Permissions(), _ selection: Selection = .everything,
        mayStart: @escaping @Sendable () -> Bool = { true }
    ) async throws -> Applied {
        let (plan, applied) = try await apply(permissions, selection, mayStart)
        let isMoved = applied.count(.promote) > 0 || !plan.freed.isEmpty
        guard isMoved, applied.failures.isEmpty, !applied.wasInterrupted else { return applied }
        let retired = try await refreshed().apply(permissions, selection.afterReplacing, mayStart) { now in
            let rest = now.removing(onlyWhatGoesIn: plan)
            return rest?.isEmpty == false ? rest : nil
        }
        return retired.applied.failures.isEmpty ? applied : retired.applied
    }

    /// The same with listings that are taken anew.
    private func refreshed() -> TestRun {
        TestRun(
            workflow: workflow, servers: servers, kinds: kinds, drivers: kinds.drivers(servers, for: workflow),
            store: store)
    }

    /// - Parameter narrowed: What of a plan is carried out; nil for nothing.
    private func apply(
        _ permissions: Permissions, _ selection: Selection, _ mayStart: @escaping @Sendable () -> Bool,
        narrowed: (Plan) -> Plan? = { $0 }
    ) async throws -> (plan: Plan, applied: Applied) {
        let (survey, record) = try await survey(permissions)
        let planner = Planner(
            workflow, drivers: drivers, survey: survey, record: record, permissions: permissions, selection: selection)
        let whole = try await planner.plan()
        guard let plan = narrowed(whole) else { return (whole, .nothing) }
        let executor = Executor(
            workflow, drivers: drivers, survey: survey, record: record, store: store, permissions: permissions,
            selection: selection, mayStart: mayStart, onEvent: { _ in })
        let applied = try await executor.apply(plan, parallelism: 4)
        try await store.log(
            HistoryEntry(
                command: "apply", specDigest: "", gitCommit: nil, actor: "test", startedAt: 1, finishedAt: 2,
                succeeded: applied.failures.isEmpty, results: []), leaving: nil)
        return (plan, applied)
    }
}

extension Plan {
    /// One line a change: `update agents.support: instructions, tools.knowledge`.
    var lines: [String] {
        changes.filter { $0.action != .keep }.map { change in
            let fields = change.fields.map(\.path).joined(separator: ", ")
            return "\(change.action.rawValue) \(change.address)" + (fields.isEmpty ? "" : ": \(fields)")
        }
    }
}

/// Everything that servers hold, without what differs from one run to the next: ids, times, the history of applies.
struct Contents: Equatable, CustomStringConvertible {
    var lines: [String]

    var description: String {
        lines.joined(separator: "\n")
    }

    init(_ stack: TestStack) {
        let ogx = stack.ogx
        let mlflow = stack.mlflow.store
        let names = Dictionary(ogx.files.map { ($0.id, $0.filename) }) { first, _ in first }
        var lines = ogx.stores.map { store in
            let files = store.attachments.map {
                "\(names[$0.file] ?? "GONE") \($0.status) \(Value.object($0.attributes).canonicalJSON) \($0.text)"
            }
            // A store that took another one's place says for ever that it is whole.
            let metadata = store.metadata.filter { $0.key != "drover.phase" || $0.value != "ready" }
            return
                "store \(store.name) \(Value.object(metadata).canonicalJSON) \(store.expiresAfter.canonicalJSON) \(files.sorted())"
        }
        lines += ogx.models.map { "model \($0.id) \($0.value.canonicalJSON)" }
        lines += ogx.shields.map { "shield \($0.id) \($0.value.canonicalJSON)" }
        lines += ogx.toolGroups.map { "tool group \($0.id) \($0.value.canonicalJSON)" }
        lines += ogx.agents.map { "agent \($0.value["agent_config"]?.canonicalJSON ?? "")" }
        lines += ogx.files.map { "file \($0.filename) \(String(decoding: $0.bytes, as: UTF8.self))" }
        lines += mlflow.experiments.map { "experiment \($0.name) \($0.isDeleted) \(Self.spelled($0.tags))" }
        lines += mlflow.registeredModels.map { model in
            let aliases = model.aliases.map { "\($0.key)=\($0.value)" }.sorted()
            return "model \(model.name) \(model.description) \(aliases) \(Self.spelled(model.tags))"
        }
        lines += mlflow.datasets.map { dataset in
            let tags = dataset.tags.filter { $0.key != "drover.seen" }
            let records = dataset.records.map { record in
                [record.inputs, .object(record.expectations), .object(record.tags)].map(\.canonicalJSON)
                    .joined(separator: " ")
            }
            return
                "dataset \(dataset.name) \(dataset.experimentIDs) \(Value.object(tags).canonicalJSON) \(records.sorted())"
        }
        lines += mlflow.versions.map { "version \($0.name) \($0.number) \(Self.spelled($0.tags))" }
        lines += mlflow.loggedModels.map { "logged \($0.name) \($0.status) \($0.isDeleted) \(Self.spelled($0.tags))" }
        lines += mlflow.runs.filter { $0.name != "apply" }.map { run in
            "run \(run.name) \(run.status) \(run.isDeleted) \(run.outputs.count) \(Self.spelled(run.tags))"
        }
        lines += mlflow.artifacts.filter { $0.key.contains("drover/applied") }.map { path, bytes in
            "record \(String(decoding: bytes, as: UTF8.self))"
        }
        self.lines = Self.masked(lines).sorted()
    }

    private static func spelled(_ tags: [FakeMLflowPair]) -> String {
        tags.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
    }

    /// The lines without what a server draws anew each time.
    private static func masked(_ lines: [String]) -> [String] {
        let (store, file, digest) = (/vs_[0-9a-f-]{36}/, /file-[0-9a-f]+/, /[0-9a-f]{64}/)  // Compiled once.
        return lines.map {
            $0.replacing(store, with: "vs").replacing(file, with: "file").replacing(digest, with: "digest")
        }
    }
}
