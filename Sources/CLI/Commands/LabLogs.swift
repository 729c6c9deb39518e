import ArgumentParser
import FoundationEssentials
import Lab
import Language

/// `drover lab logs`.
struct LabLogs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Print the logs of the servers.")

    @OptionGroup var lab: LabOptions

    @Argument(help: "llamastack, mlflow, model or mcp (default: all).")
    var server: LabServer?

    @Flag(name: .shortAndLong, help: "Go on printing what is written, until Ctrl-C.")
    var follow = false

    @Option(help: "How many of the last lines to print; 0 for all.")
    var lines = 0

    func run() async throws {
        let place = lab.place
        try await LabFailure.printed {
            var logs = (server.map { [$0] } ?? LabServer.allCases).map {
                LogReader(path: place.log(of: $0), server: $0)
            }
            guard logs.contains(where: \.exists) else {
                Console.out("No logs here. Start a lab with `drover lab up`.")
                throw ExitStatus(.unavailable).code
            }
            let isNamed = server == nil
            for index in logs.indices {
                write(logs[index].next(), of: logs[index].server, named: isNamed, last: lines)
            }
            while follow {
                try await Task.sleep(for: .milliseconds(250))
                for index in logs.indices {
                    write(logs[index].next(), of: logs[index].server, named: isNamed, last: 0)
                }
            }
        }
    }

    private func write(_ lines: [String], of server: LabServer, named: Bool, last: Int) {
        for line in last > 0 ? lines.suffix(last) : lines[...] {
            Console.out(Printable.text(named ? "\(server.rawValue)  \(line)" : line))
        }
    }
}

extension LabServer: ExpressibleByArgument {}

/// Reads the lines of a log that were added since the last call.
private struct LogReader {
    let path: String
    let server: LabServer
    private var offset = 0
    private var rest: [UInt8] = []

    init(path: String, server: LabServer) {
        self.path = path
        self.server = server
    }

    var exists: Bool { FileManager.default.fileExists(atPath: path) }

    mutating func next() -> [String] {
        do {
            let file = try OpenFile(path)
            if file.size < offset { (offset, rest) = (0, []) }  // The server was restarted with a new log.
            file.skip(to: offset)
            _ = try file.forEachPiece { piece in
                rest += piece
                offset += piece.count
            }
        } catch {
            return []  // A server that was not started yet has no log; what could not be read is read the next time.
        }
        guard let end = rest.lastIndex(of: 0x0A) else { return [] }
        let complete = rest[...end]
        rest = Array(rest[rest.index(after: end)...])
        return String(decoding: complete, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
    }
}
