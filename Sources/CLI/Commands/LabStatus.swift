import ArgumentParser
import Lab
import Language

/// `drover lab status`; the exit code is 1 unless every server runs and answers.
struct LabStatusCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the servers, and the end of the log of one that has crashed.")

    @OptionGroup var lab: LabOptions

    @Option(help: "text or json.")
    var format = Format.text

    func run() async throws {
        try await lab.withLab { lab in
            guard let status = try await lab.status() else {
                Console.out(format == .json ? "{\"servers\":[]}" : LabText.noLab(at: lab.place))
                throw ExitStatus(.unavailable).code
            }
            switch format {
            case .text: Console.out(Self.text(status))
            case .json: Console.out(Self.json(status).prettyJSON)
            }
            if !status.isGood { throw ExitStatus(.unavailable).code }
        }
    }

    private static func text(_ status: LabStatus) -> String {
        let ends = status.servers.filter { $0.state != .running }.map { server in
            "\n\(server.server.rawValue) is \(server.state.rawValue). The end of \(server.log):\n"
                + LabText.indented(server.lastLines)
        }
        return ([LabText.table(of: status)] + ends).joined(separator: "\n")
    }

    private static func json(_ status: LabStatus) -> Value {
        let servers = status.servers.map { server -> Value in
            [
                "name": .string(server.server.rawValue), "version": server.version.map { .string($0) } ?? .null,
                "state": .string(server.state.rawValue),
                "url": .string(server.url), "pid": .integer(Int(server.pid)),
                "residentBytes": .integer(server.residentBytes),
                "startupSeconds": server.startupSeconds.map { .number($0) } ?? .null, "log": .string(server.log),
                "lastLines": .array(server.lastLines.split(separator: "\n").map { .string(String($0)) }),
            ]
        }
        return ["name": .string(status.name), "good": .bool(status.isGood), "servers": .array(servers)]
    }
}
