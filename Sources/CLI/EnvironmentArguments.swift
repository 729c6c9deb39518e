import ArgumentParser
import FoundationEssentials

/// Options from the environment: `DROVER_MLFLOW_URL` stands for `--mlflow-url`, unless the command line has it.
///
/// A repeatable option takes one value per line; a flag takes `1`, `true`, `yes`, or `0`, `false`, `no`. Names that the
/// chosen command does not have are ignored.
struct EnvironmentArguments {
    private let environment: [String: String]

    init(_ environment: [String: String]) {
        // Kubernetes tells of a service `drover` in a variable of the same name: `tcp://10.0.0.1:80`.
        self.environment = environment.filter {
            $0.key.hasPrefix("DROVER_") && !$0.value.isEmpty && !$0.value.hasPrefix("tcp://")
        }
    }

    /// The arguments of the command line, with those of the environment inserted after the command's name.
    /// - Throws: `ValidationError` when a flag's variable is neither true nor false.
    func adding(to words: [String]) throws -> [String] {
        guard !environment.isEmpty else { return words }
        let (chosen, depth) = Self.chosen(by: words)
        guard depth > 0, let command = try Self.description(of: chosen) else { return words }
        guard command.subcommands?.isEmpty ?? true || command.takesArguments else { return words }
        let given = words[depth...].prefix { $0 != "--" }
        let added = try (command.arguments ?? []).filter { !$0.isGiven(in: given) }.flatMap(words(for:))
        return Array(words[..<depth]) + added + Array(words[depth...])
    }

    private func words(for argument: ToolInfo.Argument) throws -> [String] {
        guard let name = argument.longName, !["help", "version"].contains(name) else { return [] }
        let variable = "DROVER_" + name.uppercased().replacing("-", with: "_")
        guard let text = environment[variable] else { return [] }
        switch argument.kind {
        case .positional: return []
        case .flag:
            switch text.lowercased() {
            case "1", "true", "yes": return ["--\(name)"]
            case "0", "false", "no": return []
            case _: throw ValidationError("\(variable) is `\(text)`; a flag takes true or false.")
            }
        case .option:
            let values = argument.isRepeating ? text.split(whereSeparator: \.isNewline).map(String.init) : [text]
            return values.map { "--\(name)=\($0)" }
        }
    }

    /// The command that the first words name, and how many words name it.
    private static func chosen(by words: [String]) -> (command: any ParsableCommand.Type, depth: Int) {
        var (command, depth): (any ParsableCommand.Type, Int) = (Drover.self, 0)
        while depth < words.count,
            let next = command.configuration.subcommands.first(where: { $0._commandName == words[depth] })
        {
            (command, depth) = (next, depth + 1)
        }
        return (depth > 0 ? command.configuration.defaultSubcommand ?? command : command, depth)
    }

    /// The options of a command, as the parser describes them. Only of this one: a description of all takes longer than
    /// most commands.
    private static func description(of command: any ParsableCommand.Type) throws -> ToolInfo.Command? {
        try JSONDecoder().decode(ToolInfo.self, from: Data(command._dumpHelp().utf8)).command
    }
}

/// The part of the parser's description of a program that is used here.
private struct ToolInfo: Decodable {
    let command: Command

    struct Command: Decodable {
        let subcommands: [Command]?
        let arguments: [Argument]?

        /// Whether it does something itself, and not only by its subcommands.
        var takesArguments: Bool {
            (arguments ?? []).contains { $0.longName != "help" && $0.longName != "version" }
        }
    }

    struct Argument: Decodable {
        enum Kind: String, Decodable {
            case positional, option, flag
        }

        struct Name: Decodable {
            let kind: String
            let name: String
        }

        let kind: Kind
        let isRepeating: Bool
        let names: [Name]?

        var longName: String? {
            names?.first { $0.kind == "long" }?.name
        }

        /// Whether one of its names is among these arguments.
        func isGiven(in words: some Sequence<String>) -> Bool {
            let spelled = (names ?? []).map { ($0.kind == "short" ? "-" : "--") + $0.name }
            return words.contains { word in spelled.contains { word == $0 || word.hasPrefix($0 + "=") } }
        }
    }
}
