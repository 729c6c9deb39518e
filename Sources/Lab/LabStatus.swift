import Language

/// The state of the servers of a lab.
package struct LabStatus: Sendable, Hashable {
    package enum State: String, Sendable, Hashable {
        /// It runs and answers.
        case running
        /// It runs but does not answer.
        case silent
        /// It was started and not stopped, but does not run.
        case crashed
    }

    package struct Server: Sendable, Hashable {
        package let server: LabServer
        /// As in `OGX 1.5.0`; nil for those that drover implements itself.
        package let version: String?
        package let state: State
        package let url: String
        package let pid: Int32
        /// The memory of the process and its children; 0 when it does not run.
        package let residentBytes: Int
        /// From the start to the first successful answer.
        package let startupSeconds: Double?
        package let log: String
        /// The end of the log of a server that does not run or answer.
        package let lastLines: String
    }

    package let name: String
    package let servers: [Server]

    package var isGood: Bool {
        servers.count == LabServer.allCases.count && servers.allSatisfy { $0.state == .running }
    }
}

extension Lab {
    /// Checks every server that was started; nil when no lab was started, or it was stopped.
    package func status() async throws -> LabStatus? {
        guard let file = try LabFile.read(from: place.directory, name: place.name) else { return nil }
        let servers = try await withThrowingTaskGroup(of: LabStatus.Server.self) { group in
            for process in file.processes {
                group.addTask { try await status(of: process, file.settings) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let order = LabServer.allCases
        return LabStatus(
            name: file.name, servers: order.compactMap { server in servers.first { $0.server == server } })
    }

    private func status(of process: LabFile.Process, _ settings: LabSettings) async throws -> LabStatus.Server {
        let background = background(process)
        let answers = try await health.isGood(process.name, port: process.port, timeout: .seconds(15))
        let state: LabStatus.State = !background.isRunning ? .crashed : answers ? .running : .silent
        return LabStatus.Server(
            server: process.name, version: settings.title(of: process.name), state: state,
            url: process.name.clientURL(root: "http://127.0.0.1:\(process.port)"), pid: process.pid,
            residentBytes: background.residentBytes, startupSeconds: process.startupSeconds, log: process.log,
            lastLines: state == .running ? "" : LogTail.lastLines(8, ofFile: process.log))
    }
}
