/// An error that can be shown to a user as a diagnostic.
package protocol Diagnosable: Error {
    func diagnostic(address: String?) -> Diagnostic
}

extension Diagnostic {
    /// Any error as a diagnostic; several as one, with the others as notes.
    ///
    /// - Parameters:
    ///   - address: The declaration that was worked on; what is a diagnostic already stays as it is.
    ///   - range: The place of an unexpected error.
    package static func from(_ error: any Error, at address: String?, in range: SourceRange? = nil) -> Diagnostic {
        switch error {
        case let diagnostic as Diagnostic: return diagnostic
        case let several as Diagnostics: return several.joined
        case let known as any Diagnosable: return known.diagnostic(address: address)
        case is CancellationError:
            return Diagnostic(
                "interrupted", "Interrupted", detail: "The operation was interrupted before it ended.",
                fix: "Run the command again; it goes on where this one stopped.", address: address,
                cause: .interrupted)
        case _:
            return Diagnostic(
                "unexpected", "Unexpected error", detail: "\(error). This is a bug in drover.",
                fix: "Report it together with the spec.", at: range, address: address, cause: .unexpected)
        }
    }
}

extension Diagnostics {
    /// One diagnostic with the others as notes.
    package var joined: Diagnostic {
        var first = all[0]
        first.notes += all.dropFirst().flatMap { other in
            [Diagnostic.Note("Also: \(other.detail)", at: other.subject)] + other.notes
        }
        return first
    }
}
