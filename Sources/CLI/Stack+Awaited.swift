import Engine
import Language

extension Stack {
    /// Writes the warnings of a spec before it is planned, applied or run, and stops if that is not possible.
    /// - Parameter tryingSuites: Whether its suites are run.
    /// - Returns: The same spec.
    /// - Throws: `CommandFailure` (code 10) when something needs what this version does not support.
    func announced(tryingSuites: Bool = false) throws -> Stack {
        Notices.write(try notices(tryingSuites: tryingSuites), sources, environment: environment)
        return self
    }

    /// The warnings of a spec.
    /// - Throws: `CommandFailure` (code 10) when something needs what this version does not support.
    func notices(tryingSuites: Bool = false) throws -> [Diagnostic] {
        let all = warnings + workflow.awaited(tryingSuites: tryingSuites)
        guard all.allSatisfy({ $0.severity == .warning }) else {
            throw CommandFailure(diagnostics: all, sources: sources)
        }
        return all
    }
}
