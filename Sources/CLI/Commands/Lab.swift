import ArgumentParser
import FoundationEssentials
import Glibc
import Lab
import Language
import Wire

/// `drover lab`: real servers on this machine.
struct LabCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab",
        abstract: "Run real servers on this machine: MLflow, OGX or an older Llama Stack, a scripted model and a desk.",
        discussion: """
            EXAMPLES
              drover lab up                                     start, or heal what has crashed
              drover lab up --script specs/quickstart/lab/model.yaml  with the answers of this file
              drover lab up --stack 0.2.24 --name old           an older Llama Stack, in a lab beside the first
              drover lab up --model-url http://localhost:11434 --model llama3.2:1b
              drover lab status --format json
              drover lab logs mlflow --follow
              drover lab down --purge                           stop, and remove all data
            """,
        subcommands: [LabUp.self, LabDown.self, LabStatusCommand.self, LabLogs.self, LabModel.self, LabMCP.self])
}

/// The options that all commands of the lab have.
struct LabOptions: ParsableArguments {
    @Option(help: "Name of the lab, where a directory has several.")
    var name = LabPlace.defaultName

    func validate() throws {
        guard DeclaredName.isValid(name) else {
            throw ValidationError("The name of a lab is lower-case letters, digits and `-`, and starts with a letter.")
        }
    }

    var place: LabPlace {
        LabPlace(directory: FileManager.default.currentDirectoryPath, name: name)
    }

    /// Runs a body with the lab; an error is printed, and ends the command with its exit code.
    func withLab(
        report: @escaping @Sendable (LabEvent) -> Void = { _ in }, _ body: @Sendable (Lab) async throws -> Void
    ) async throws {
        let place = place
        try await LabFailure.printed {
            try await AsyncHTTPTransport.withTransport { transport in
                let lab = Lab(
                    place: place, executable: LabExecutable.path, environment: ProcessInfo.processInfo.environment,
                    transport: transport, report: report)
                try await body(lab)
            }
        }
    }
}

/// The path of the running drover binary.
enum LabExecutable {
    static var path: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        guard length > 0 else { return CommandLine.arguments.first ?? "drover" }
        return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Prints an error, and ends the command.
enum LabFailure {
    static func printed(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let diagnostics as Diagnostics {
            try end(diagnostics.all)
        } catch let diagnostic as Diagnostic {
            try end([diagnostic])
        } catch let error as CocoaError {
            try end([.unwritableLab(error)])
        }
    }

    /// Reads a script; its mistakes are shown in place.
    static func check(_ script: String) throws {
        var sources = SourceMap()
        do throws(Diagnostics) {
            _ = try Script.read(script, into: &sources)
        } catch {
            try end(error.all, sources)
        }
    }

    private static func end(_ diagnostics: [Diagnostic], _ sources: SourceMap = SourceMap()) throws {
        let colors = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
        let text = DiagnosticRenderer(sources: sources, colors: colors).render(FlagFixes.told(diagnostics))
        Console.note(text.hasSuffix("\n") ? String(text.dropLast()) : text, isPainted: true)
        throw ExitStatus(of: diagnostics).code
    }
}

extension Diagnostic {
    /// A file of the lab that cannot be made, for example because its folder is not there or may not be written to.
    fileprivate static func unwritableLab(_ error: CocoaError) -> Diagnostic {
        let path = error.filePath.map { "`\($0)`" } ?? "A file of the lab"
        let reason = (error.underlying as? POSIXError).map { SystemError.text($0.code.rawValue) }
        return Diagnostic(
            "lab-not-written", "The lab's files cannot be written",
            detail: "\(path) cannot be written" + (reason.map { ": \($0)." } ?? "."),
            fix: "Run it in a directory that may be written to and has room; the files are kept in `.drover` there.",
            cause: .unavailable)
    }
}
