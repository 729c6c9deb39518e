import ArgumentParser
import FoundationEssentials
import Lab
import Language

/// `drover lab up`.
struct LabUp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Start the servers that do not run, and wait until all of them answer.",
        discussion: """
            Servers that run and answer are left alone; crashed ones are restarted, with what they were started with \
            unless you say otherwise. The first start of a version installs it into ~/.cache/drover; each version has \
            data of its own, which `lab down` keeps. A real model server may take the place of the scripted model; its key is read from \
            DROVER_LAB_CHAT_KEY.
            """)

    @OptionGroup var lab: LabOptions

    @Option(
        help: ArgumentHelp(
            "Version of Llama Stack or OGX: \(LabStack.tested.map(\.rawValue).joined(separator: ", ")), or any other, "
                + "untested (default: ogx).",
            valueName: "version"), transform: version)
    var stack: LabStack?

    @Option(
        help: ArgumentHelp(
            "Version of MLflow: \(LabMLflow.tested.map(\.rawValue).joined(separator: ", ")), or any other, untested "
                + "(default: 3.17.2).",
            valueName: "version"), transform: version)
    var mlflow: LabMLflow?

    @Option(
        help: """
            File with the scripted model's answers (default: its built-in behaviour). When it is edited, a running \
            model reads it anew.
            """)
    var script: String?

    @Option(help: "OpenAI-compatible model server to use instead, e.g. http://localhost:11434.")
    var modelURL: String?

    @Option(help: "Name of the chat model on that server.")
    var model: String?

    @Option(help: "Name of the embedding model on that server (default: the lab's own embeddings).")
    var embeddingModel: String?

    @Option(help: "Length of that embedding model's vectors.")
    var embeddingDimension = 384

    @Option(help: "Seconds that a server may take to start.")
    var startLimit = 120

    func validate() throws {
        guard (modelURL == nil) == (model == nil) else {
            throw ValidationError("`--model-url` and `--model` go together.")
        }
        guard embeddingModel == nil || modelURL != nil else {
            throw ValidationError("`--embedding-model` needs `--model-url`.")
        }
    }

    func run() async throws {
        if let script { try LabFailure.check(script) }
        let choice = LabChoice(stack: stack, mlflow: mlflow, answers: answers)
        try await lab.withLab(report: LabProgress.report) { lab in
            // The model of a running lab reads its script anew when that is edited, and answers with errors where it has mistakes.
            if choice.answers == nil, let kept = try LabFile.read(from: lab.place.directory, name: lab.place.name) {
                if let script = kept.settings.script { try LabFailure.check(script) }
            }
            _ = try await lab.up(choice, within: .seconds(startLimit))
            guard let status = try await lab.status() else { return }
            Console.out(LabText.table(of: status))
        }
    }

    /// Nil when no option was given: a running lab keeps its settings.
    private var answers: LabChoice.Answers? {
        guard script != nil || modelURL != nil else { return nil }
        return LabChoice.Answers(script: script.map(absolute), realModel: realModel)
    }

    private func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
    }

    private var realModel: LabSettings.RealModel? {
        guard let modelURL, let model else { return nil }
        return LabSettings.RealModel(
            url: modelURL, model: model, embeddingModel: embeddingModel, embeddingDimension: embeddingDimension)
    }
}

extension LabUp {
    /// Reads a version.
    /// - Throws: `ValidationError` when it is none.
    private static func version<Version: LabVersion>(_ text: String) throws -> Version {
        guard let version = Version(rawValue: text) else {
            throw ValidationError("`\(text)` is no version; one has two to four numbers, as in 0.5.4.")
        }
        return version
    }
}

/// Reports the events of a lab on standard error.
enum LabProgress {
    static func report(_ event: LabEvent) {
        Console.note(line(for: event))
    }

    static func line(for event: LabEvent) -> String {
        switch event {
        case .untested(let title, let nearest):
            "\(title) is not tested; it is started as \(nearest) is, and may not start, or do what it should"
        case .installing(let name, let directory): "installing \(name) into \(directory) …"
        case .installed(let name, let duration): "installed \(name) in \(duration.spelled)"
        case .kept(let server): "\(server.rawValue): runs already"
        case .crashed(let server, let lines):
            "\(server.rawValue): had crashed. Its log ends:\n" + LabText.indented(lines)
        case .restarting(let server): "\(server.rawValue): stopping it to start it anew"
        case .starting(let server, let port): "\(server.rawValue): starting on port \(port)"
        case .ready(let server, let duration):
            "\(server.rawValue): ready after \(duration.spelled)"
        case .waiting(let server, let duration):
            "\(server.rawValue): starting since \(Duration.seconds(duration.components.seconds).exact) …"
        case .stopped(let server): "\(server.rawValue): stopped"
        }
    }
}

/// The lab as text.
enum LabText {
    static func table(of status: LabStatus) -> String {
        let rows = status.servers.map { server in
            [
                server.server.rawValue, server.version ?? "", server.state.rawValue, server.url, "pid \(server.pid)",
                server.residentBytes > 0 ? "\(server.residentBytes / (1 << 20)) MB" : "",
                server.startupSeconds.map { "up in \(Duration.seconds($0).spelled)" } ?? "",
            ]
        }
        let widths = (0..<7).map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
        }
        return lines.map(trimmedRight).joined(separator: "\n")
    }

    /// Nothing runs under a name; others that do are named.
    static func noLab(at place: LabPlace, isStarting: Bool = true) -> String {
        let others = LabPlace.names(in: place.directory).filter { $0 != place.name }
        guard others.isEmpty else {
            return "No lab `\(place.name)` runs here. Choose one that does with `--name`: \(others.listed)."
        }
        return "No lab runs here." + (isStarting ? " Start one with `drover lab up`." : "")
    }

    static func indented(_ text: String) -> String {
        text.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
    }

    private static func trimmedRight(_ line: String) -> String {
        var line = line[...]
        while line.last == " " { line.removeLast() }
        return String(line)
    }
}
