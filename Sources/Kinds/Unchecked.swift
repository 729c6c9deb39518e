import Language
import Wire

/// Something that could not be checked because the server answers the request with an error of its own.
///
/// When the response would only confirm what the spec says, as a listing does, this is no reason to stop: a warning
/// reports it. An unreachable server or denied access is one.
struct Unchecked: Error, Sendable {
    let warning: Diagnostic

    /// - Parameter what: What is unknown, after "whether": `the server has the connector \`desk\``.
    /// - Returns: nil for an error that says more than that.
    init?(
        _ error: WireError, whether what: String, at range: SourceRange?,
        fix: String = "Nothing has to be done when it is so; else what needs it fails later."
    ) {
        guard let status = error.status, status >= 500 || [400, 404, 405, 501].contains(status) else { return nil }
        let reason = error.message.isEmpty ? "status \(status)" : "status \(status): \(error.message.prefix(200))"
        warning = Diagnostic(
            "unchecked", "Could not be checked",
            detail: "Whether \(what) could not be checked: the server at \(error.base) failed to "
                + "\(error.operation) (\(reason)).",
            fix: fix, at: range, severity: .warning, cause: .unavailable)
    }

    /// What can be done where the address of a connector cannot be learned and sent.
    static let firstTurnOnly =
        "Write the MCP server's `url` instead: in the second turn of a conversation servers do not find the connector's "
        + "address, and call no tool of it."

    /// What a server of this version cannot tell of a connector, so that it is not asked at all.
    init(connector: Located<String>, whether what: String, on capabilities: Capabilities) {
        warning = Diagnostic(
            "unchecked", "Could not be checked",
            detail: "Whether \(what) could not be checked: \(capabilities.product) \(capabilities.version) cannot list "
                + "its connectors; OGX since 1.3 can.",
            fix: Self.firstTurnOnly, at: connector.range, severity: .warning, cause: .unavailable)
    }
}
