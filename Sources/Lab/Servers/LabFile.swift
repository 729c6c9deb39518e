import FoundationEssentials
import Language

/// `.drover/lab.json`: where the servers of a lab are and which processes they run in.
///
///     {"version": 1, "name": "default", "llamastack": {"url": "http://127.0.0.1:18321"}, …,
///      "processes": [{"name": "mlflow", "pid": 4711, "startTime": "…", "port": 18500, "log": "…"}],
///      "variables": {"DROVER_LAB_MCP_URL": "http://127.0.0.1:18090/mcp"}}
package struct LabFile: Sendable, Hashable, Codable {
    struct Location: Sendable, Hashable, Codable {
        var url: String
    }

    struct Process: Sendable, Hashable, Codable {
        var name: LabServer
        var pid: Int32
        var startTime: String
        var port: Int
        var log: String
        /// The digest of the command that started it: when it differs, the server must be restarted.
        var digest: String
        /// From the start to the first successful answer; nil while it has not answered.
        var startupSeconds: Double?

        var identity: ProcessIdentity {
            ProcessIdentity(pid: pid, startTime: startTime)
        }
    }

    var version = 1
    package var name: String
    var llamastack: Location
    var mlflow: Location
    var mcp: Location
    var model: Location
    /// Whether answers come from a script: such results never satisfy a gate.
    package var isScripted: Bool
    /// The settings it was started with: the defaults of the next `up`.
    package var settings: LabSettings
    var processes: [Process]
    /// The private Python of each server, by the server's name.
    package var pythons: [String: String]
    /// Variables for `${env.…}` in specs; the real environment takes precedence.
    var variables: [String: String]

    package var llamastackURL: String { llamastack.url }
    package var mlflowURL: String { mlflow.url }
    package var environment: [String: String] { variables }

    /// The lab that was started from a directory and not stopped since; nil when there is none.
    /// - Throws: `Diagnostic` when the file exists but cannot be read.
    package static func read(from directory: String, name: String = LabPlace.defaultName) throws -> LabFile? {
        let path = LabPlace(directory: directory, name: name).file
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        do {
            return try JSONDecoder().decode(LabFile.self, from: data)
        } catch {
            throw Diagnostic(
                "lab-file-unreadable", "Lab file unreadable",
                detail: "`\(path)` is not what `drover lab up` writes.",
                fix: "Remove the file; end the lab's processes if there are any.", cause: .unavailable)
        }
    }

    /// Replaces the file atomically.
    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(self).write(to: URL(filePath: path), options: .atomic)
    }

    subscript(server: LabServer) -> Process? {
        get { processes.first { $0.name == server } }
        set {
            processes.removeAll { $0.name == server }
            if let newValue { processes.append(newValue) }
            processes.sort { Self.order($0.name) < Self.order($1.name) }
        }
    }

    private static func order(_ server: LabServer) -> Int {
        LabServer.allCases.firstIndex(of: server) ?? LabServer.allCases.count
    }
}
