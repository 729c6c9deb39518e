package import Language

/// An event during an apply, for showing progress.
package enum Event: Sendable {
    case started(Address, Action)
    case progress(Address, Advance)
    case warned(Address, Diagnostic)
    case finished(Address, Action, elapsed: Duration)
    /// A check has passed: by a result that stood already, or in a run before this; nil for that.
    case passed(Address, on: StandingResult?)
    /// A check has not passed, and does not keep back what waits for it.
    case overridden(Address, because: String)
    case failed(Address, Action, Diagnostic)
    case skipped(Address, because: Address)
}

/// The outcome of one address.
package enum Outcome<Success: Sendable>: Sendable {
    case done(Success)
    case failed(Diagnostic)
    case skipped(because: Address)
    /// Not started or not finished, because the run was interrupted.
    case interrupted
}
