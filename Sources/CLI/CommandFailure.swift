import Language

/// The error that ends a command: all diagnostics, and the sources that they point to.
struct CommandFailure: Error {
    var diagnostics: [Diagnostic]
    var sources: SourceMap

    /// The exit status of the command.
    var exitStatus: ExitStatus {
        ExitStatus(of: diagnostics)
    }
}

/// The output format of diagnostics.
enum Notices {
    static func write(_ diagnostics: [Diagnostic], _ sources: SourceMap, environment: [String: String]) {
        guard !diagnostics.isEmpty else { return }
        let renderer = DiagnosticRenderer(
            sources: sources, colors: Console.colors(environment, descriptor: 2))
        let text = renderer.render(FlagFixes.told(diagnostics))
        Console.note(text.hasSuffix("\n") ? String(text.dropLast()) : text, isPainted: true)
    }
}
