import Engine
import Language

extension Stack {
    /// Writes the warnings of a spec that is going to be planned, applied or run, and stops where it cannot be.
    /// - Parameter tryingSuites: Whether its suites are run.
    /// - Returns: The same spec.
    /// - Throws: `CommandFailure` (code 10) when something needs what this version does not support.
    func announced(tryingSuites: Bool = false) throws -> Stack {
        let all = warnings + workflow.awaited(tryingSuites: tryingSuites)
        guard all.allSatisfy({ $0.severity == .warning }) else {
            throw CommandFailure(diagnostics: all, sources: sources)
        }
        Notices.write(all, sources, environment: environment)
        return self
    }
}
