import Engine
import Language
import Wire

extension Stack {
    /// Writes the warnings of a spec that is going to be planned, applied or run, and stops where it cannot be.
    /// - Parameter tryingSuites: Whether its suites are run.
    /// - Throws: `CommandFailure` (code 10) when something needs what this version does not support.
    func announced(tryingSuites: Bool = false) throws -> Stack {
        let all = warnings + workflow.awaited(tryingSuites: tryingSuites) + certificates
        guard all.allSatisfy({ $0.severity == .warning }) else {
            throw CommandFailure(diagnostics: all, sources: sources)
        }
        Notices.write(all, sources, environment: environment)
        return self
    }

    /// Certificates of our own that a server would ask for.
    private var certificates: [Diagnostic] {
        [servers?.llamaStack?.tls, servers?.mlflow?.tls].flatMap { [$0?.certFile, $0?.keyFile] }.compactMap { file in
            file.map { .awaitedCertificate($0) }
        }
    }
}

extension Diagnostic {
    fileprivate static func awaitedCertificate(_ file: Located<String>) -> Diagnostic {
        Diagnostic(
            "not-yet-supported", "Not supported by this version of drover",
            detail: "This version of drover sends no certificate of its own.",
            fix: "Remove `certFile` and `keyFile`, or wait for a version that supports them.", at: file.range,
            exitCode: 10)
    }
}
