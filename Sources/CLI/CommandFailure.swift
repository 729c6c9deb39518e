import Language

/// What ends a command: everything that is wrong, and the texts that it points into.
struct CommandFailure: Error {
    var diagnostics: [Diagnostic]
    var sources: SourceMap

    /// How the command ends.
    var exitStatus: ExitStatus {
        ExitStatus(of: diagnostics)
    }
}

/// How diagnostics are written.
enum Notices {
    static func write(_ diagnostics: [Diagnostic], _ sources: SourceMap, environment: [String: String]) {
        guard !diagnostics.isEmpty else { return }
        let renderer = DiagnosticRenderer(
            sources: sources, colors: Console.colors(environment, descriptor: 2))
        let text = renderer.render(FlagFixes.told(diagnostics))
        Console.note(text.hasSuffix("\n") ? String(text.dropLast()) : text)
    }
}
