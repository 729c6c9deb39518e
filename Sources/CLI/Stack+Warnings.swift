import Language

extension Stack {
    /// Writes the warnings of a spec before it is planned, applied or run.
    /// - Returns: The same spec.
    func announced() -> Stack {
        Notices.write(warnings, sources, environment: environment)
        return self
    }
}
