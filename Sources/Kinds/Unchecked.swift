import Language
import Wire

/// What could not be checked because the server answers the question with an error of its own.
///
/// Where an answer only confirms what the spec says, as of a listing that is looked into, that the server cannot give it is
/// no reason to stop: a warning tells it. What nobody is there to answer, or is not allowed to ask, is one.
struct Unchecked: Error, Sendable {
    let warning: Diagnostic

    /// - Parameter what: What is not known, after "whether": `the server has the connector \`desk\``.
    /// - Returns: nil for an error that says more than that.
    init?(_ error: WireError, whether what: String, at range: SourceRange?) {
        guard let status = error.status, status >= 500 || [400, 404, 405, 501].contains(status) else { return nil }
        let reason = error.message.isEmpty ? "status \(status)" : "status \(status): \(error.message.prefix(200))"
        warning = Diagnostic(
            "unchecked", "Could not be checked",
            detail: "Whether \(what) could not be checked: the server at \(error.base) failed to "
                + "\(error.operation) (\(reason)).",
            fix: "Nothing has to be done when it is so; else what needs it fails later.", at: range, severity: .warning,
            cause: .unavailable)
    }
}
