import FoundationEssentials

/// Where a lab keeps its files: `.drover/lab.json` and `.drover/lab/`, with `-NAME` after `lab` for another name.
package struct LabPlace: Sendable, Hashable {
    package static let defaultName = "default"

    package let directory: String
    package let name: String

    package init(directory: String, name: String = LabPlace.defaultName) {
        self.directory = directory
        self.name = name
    }

    /// The names of the labs that were started from a directory and not stopped.
    package static func names(in directory: String) -> [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: "\(directory)/.drover")) ?? []
        return files.compactMap { file in
            guard file.hasSuffix(".json"), file.hasPrefix("lab") else { return nil }
            let rest = file.dropFirst(3).dropLast(5)
            return rest.isEmpty ? defaultName : rest.first == "-" ? String(rest.dropFirst()) : nil
        }.sorted()
    }

    private var stem: String {
        name == Self.defaultName ? "\(directory)/.drover/lab" : "\(directory)/.drover/lab-\(name)"
    }

    package var file: String { "\(stem).json" }
    package var data: String { stem }
    var lock: String { "\(stem)/lock" }
    private var portsFile: String { "\(stem)/ports.json" }

    package func log(of server: LabServer) -> String {
        "\(stem)/\(server.rawValue).log"
    }

    func data(of server: LabServer) -> String {
        "\(stem)/\(server.rawValue)"
    }

    func create() throws {
        for server in LabServer.allCases {
            try FileManager.default.createDirectory(atPath: data(of: server), withIntermediateDirectories: true)
        }
    }

    /// The ports of the last start, so that URLs stay the same.
    var rememberedPorts: [LabServer: Int] {
        get throws {
            guard let data = FileManager.default.contents(atPath: portsFile) else { return [:] }
            let ports = try JSONDecoder().decode([String: Int].self, from: data)
            return Dictionary(
                uniqueKeysWithValues: ports.compactMap { name, port in
                    LabServer(rawValue: name).map { ($0, port) }
                })
        }
    }

    func remember(_ ports: [LabServer: Int]) throws {
        let named = Dictionary(uniqueKeysWithValues: ports.map { ($0.key.rawValue, $0.value) })
        try JSONEncoder().encode(named).write(to: URL(filePath: portsFile), options: .atomic)
    }

    /// Moves the log of the last run aside, so that a crash does not show an older log.
    func rotateLog(of server: LabServer) throws {
        let log = log(of: server)
        guard FileManager.default.fileExists(atPath: log) else { return }
        let previous = "\(log).previous"
        if FileManager.default.fileExists(atPath: previous) { try FileManager.default.removeItem(atPath: previous) }
        try FileManager.default.moveItem(atPath: log, toPath: previous)
    }
}
