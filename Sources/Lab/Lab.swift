import FoundationEssentials
import Language
package import Wire

/// Real servers on this machine, on loopback ports, in the background.
package struct Lab: Sendable {
    package let place: LabPlace
    private let executable: String
    private let environment: [String: String]
    let health: Health
    private let report: @Sendable (LabEvent) -> Void

    /// - Parameters:
    ///   - place: where its files are, absolute.
    ///   - executable: the drover binary to run as scripted model and MCP server, absolute.
    ///   - environment: of this process.
    ///   - transport: used for requests to the servers.
    ///   - report: called for each event, possibly from several tasks at once.
    package init(
        place: LabPlace, executable: String, environment: [String: String], transport: any HTTPTransport,
        report: @escaping @Sendable (LabEvent) -> Void
    ) {
        self.place = place
        self.executable = executable
        self.environment = environment
        self.health = Health(transport: transport)
        self.report = report
    }

    /// Starts servers that do not run, restarts those that crashed, changed or do not answer, and keeps the others.
    ///
    /// When it is cancelled or fails, a record of what it started remains: the next `up` continues, `down` stops it.
    /// - Parameters:
    ///   - choice: what the user chose; everything else is as in the running lab, or the default.
    ///   - limit: how long a server may take to answer.
    /// - Returns: the addresses of the servers.
    /// - Throws: `Diagnostic` or `Diagnostics`: no Python, a failed installation, a server that exits or hangs.
    package func up(_ choice: LabChoice = LabChoice(), within limit: Duration = .seconds(120)) async throws -> LabFile {
        try place.create()
        let lock = try await FileLock.acquire(place.lock)
        defer { lock.release() }
        let previous = try LabFile.read(from: place.directory, name: place.name)
        let environments = PythonEnvironments(
            directory: Self.cache(environment), run: Run(environment: environment), report: report)
        let settings = choice.settings(after: previous?.settings)
        for version in [settings.stack, settings.mlflow] as [any LabVersion] where !version.isTested {
            report(.untested(version.title, like: version.nearestTitle))
        }
        async let mlflow = environments.ready(settings.mlflow.recipe)
        async let llamastack = environments.ready(settings.stack.recipe)
        let pythons = (mlflow: try await mlflow, llamastack: try await llamastack)
        // Ports come last: while environments are made, others may take what was free.
        let blueprint = Blueprint(
            place: place, settings: settings, ports: try await ports(after: previous), executable: executable,
            mlflow: pythons.mlflow, llamastack: pythons.llamastack)
        return try await start(blueprint, after: previous, within: limit)
    }

    /// Stops all servers, by process id and start time; with `purge` also removes all data and logs.
    /// - Returns: whether there was a lab.
    package func down(purge: Bool) async throws -> Bool {
        let existed = FileManager.default.fileExists(atPath: place.data)
        guard existed else { return false }
        let lock = try await FileLock.acquire(place.lock)
        defer { lock.release() }
        let file = try LabFile.read(from: place.directory, name: place.name)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for process in file?.processes ?? [] {
                group.addTask {
                    try await background(process).stop()
                    report(.stopped(process.name))
                }
            }
            try await group.waitForAll()
        }
        if file != nil { try FileManager.default.removeItem(atPath: place.file) }
        if purge { try FileManager.default.removeItem(atPath: place.data) }
        return file != nil || purge
    }

    func background(_ process: LabFile.Process) -> BackgroundProcess {
        BackgroundProcess(identity: process.identity, lab: place.data)
    }

    private static func cache(_ environment: [String: String]) -> String {
        let root = environment["XDG_CACHE_HOME"] ?? "\(environment["HOME"] ?? "/tmp")/.cache"
        return "\(root)/drover/environments"
    }

    /// A port for each server: its current one, its last one, or a free one.
    private func ports(after previous: LabFile?) async throws -> [LabServer: Int] {
        var ports = Ports()
        var chosen: [LabServer: Int] = [:]
        let remembered = try place.rememberedPorts
        for server in LabServer.allCases {
            if let process = previous?[server] {
                if background(process).isRunning {
                    chosen[server] = process.port
                    continue
                }
                report(.crashed(server, lastLines: LogTail.lastLines(8, ofFile: process.log)))
                try await background(process).stop(within: .seconds(2))
            }
            chosen[server] = try ports.free(preferring: remembered[server])
        }
        try place.remember(chosen)
        return chosen
    }

    private func start(
        _ blueprint: Blueprint, after previous: LabFile?, within limit: Duration
    ) async throws -> LabFile {
        var file = LabFile(blueprint, keeping: previous?.processes ?? [])
        try file.write(to: place.file)
        for server in LabServer.allCases {
            try FileManager.default.createDirectory(
                atPath: blueprint.data(of: server), withIntermediateDirectories: true)
        }
        try Data(blueprint.configuration.utf8).write(to: URL(filePath: blueprint.configurationPath))
        var starting: [LabServer] = []
        for server in [LabServer.model, .mcp, .mlflow] where try await begin(server, blueprint, &file) {
            starting.append(server)
        }
        let first = starting.filter { $0 != .mlflow }
        try await wait(for: first, within: limit, &file)
        if try await begin(.llamastack, blueprint, &file) { starting.append(.llamastack) }
        try await wait(for: starting.filter { !first.contains($0) }, within: limit, &file)
        return file
    }

    /// Starts a server unless it runs as wanted, and records it before anything else can fail.
    /// - Returns: whether it was started now.
    private func begin(_ server: LabServer, _ blueprint: Blueprint, _ file: inout LabFile) async throws -> Bool {
        var program = blueprint.program(of: server)
        let (digest, secrets) = blueprint.keyed(server, from: environment)
        let port = blueprint.ports[server] ?? 0
        if let process = file[server], background(process).isRunning {
            if process.digest == digest, try await health.isGood(server, port: port, timeout: .seconds(15)) {
                report(.kept(server))
                return false
            }
            report(.restarting(server))
            try await background(process).stop()
        }
        try place.rotateLog(of: server)
        program.environment.merge(Blueprint.inherited(from: environment)) { own, _ in own }
        program.environment.merge(secrets) { own, _ in own }
        report(.starting(server, port: port))
        let log = place.log(of: server)
        let started = try BackgroundProcess.start(program, lab: place.data, log: log)
        file[server] = LabFile.Process(
            name: server, pid: started.identity.pid, startTime: started.identity.startTime, port: port, log: log,
            digest: digest)
        try file.write(to: place.file)
        return true
    }

    /// Waits for servers concurrently; a failure of one does not end the waiting for the others.
    private func wait(for servers: [LabServer], within limit: Duration, _ file: inout LabFile) async throws {
        let processes = servers.compactMap { file[$0] }
        let results = await withTaskGroup(of: (LabServer, Result<Duration, any Error>).self) { group in
            for process in processes {
                group.addTask {
                    do {
                        let duration = try await health.wait(
                            for: process.name, background(process), port: process.port, log: process.log, within: limit
                        ) { report(.waiting(process.name, since: $0)) }
                        report(.ready(process.name, after: duration))
                        return (process.name, .success(duration))
                    } catch {
                        return (process.name, .failure(error))
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        var diagnostics: [Diagnostic] = []
        for (server, result) in results {
            do {
                file[server]?.startupSeconds = try result.get() / .seconds(1)
            } catch let diagnostic as Diagnostic {
                diagnostics.append(diagnostic)
            }
        }
        try file.write(to: place.file)
        if !diagnostics.isEmpty { throw Diagnostics(diagnostics) }
    }
}

extension LabFile {
    /// The servers as a blueprint places them, before it is known which processes can be kept.
    init(_ blueprint: Blueprint, keeping processes: [Process]) {
        let variables = blueprint.variables
        self.init(
            name: blueprint.place.name,
            llamastack: Location(url: variables["DROVER_LAB_LLAMASTACK_URL"] ?? ""),
            mlflow: Location(url: variables["DROVER_LAB_MLFLOW_URL"] ?? ""),
            mcp: Location(url: variables["DROVER_LAB_MCP_URL"] ?? ""),
            model: Location(url: variables["DROVER_LAB_MODEL_URL"] ?? ""),
            isScripted: blueprint.settings.realModel == nil,
            settings: blueprint.settings,
            processes: processes,
            pythons: [
                "mlflow": "\(blueprint.mlflow)/bin/python", "llamastack": "\(blueprint.llamastack)/bin/python",
            ],
            variables: variables)
    }
}
