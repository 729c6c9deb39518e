package import Language

/// What happens during an apply, for whoever draws progress.
package enum Event: Sendable {
    case started(Address, Action)
    case progress(Address, String)
    case warned(Address, Diagnostic)
    case finished(Address, Action, elapsed: Duration)
    case failed(Address, Action, Diagnostic)
    case skipped(Address, because: Address)
}

/// What became of one address.
package enum Outcome<Success: Sendable>: Sendable {
    case done(Success)
    case failed(Diagnostic)
    case skipped(because: Address)
    /// Not begun or not ended, because the run was interrupted.
    case interrupted
}
