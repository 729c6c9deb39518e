import Language

/// What ends a command: everything that is wrong, and the texts that it points into.
struct CommandFailure: Error {
    var diagnostics: [Diagnostic]
    var sources: SourceMap

    /// 130, then 7, 6, 4, 5; otherwise as the first of them says.
    var exitCode: Int32 {
        let codes = diagnostics.filter { $0.severity == .error }.map(\.exitCode)
        return [130, 143, 7, 6, 4, 5].first(where: codes.contains) ?? codes.first ?? 1
    }
}

/// How diagnostics are written.
enum Notices {
    static func write(_ diagnostics: [Diagnostic], _ sources: SourceMap, environment: [String: String]) {
        guard !diagnostics.isEmpty else { return }
        let renderer = DiagnosticRenderer(
            sources: sources, colors: Console.colors(environment, descriptor: 2))
        let text = renderer.render(diagnostics)
        Console.note(text.hasSuffix("\n") ? String(text.dropLast()) : text)
    }
}
