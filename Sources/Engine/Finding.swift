package import Language

/// One requirement of a declaration, and whether it is met.
package struct Finding: Sendable {
    package enum Status: Sendable {
        /// It is met; the text says what was found: `lists ticket_create and ticket_search`. Empty when there is
        /// nothing to add.
        case met(String)
        /// It is met in part: a warning.
        case limited(Diagnostic)
        case unmet(Diagnostic)
        /// It could not be determined.
        case unknown(Diagnostic)
        /// It was not checked, because something that it depends on is missing.
        case skipped(because: Address)
    }

    package let address: Address
    package let status: Status

    package init(_ address: Address, _ status: Status) {
        self.address = address
        self.status = status
    }

    /// Whether it does not prevent the declaration from being applied as specified.
    package var isGood: Bool {
        switch status {
        case .met, .limited: true
        case .unmet, .unknown, .skipped: false
        }
    }

    /// The problem, if there is one.
    package var diagnostic: Diagnostic? {
        switch status {
        case .met, .skipped: nil
        case .limited(let diagnostic), .unmet(let diagnostic), .unknown(let diagnostic): diagnostic
        }
    }

    /// Findings with the results of probes: these replace a finding without objections, and add nothing to one that is
    /// not met anyway.
    package static func merge(_ findings: [Finding], _ tried: [Finding]) -> [Finding] {
        let tried = Dictionary(grouping: tried, by: \.address)
        return findings.flatMap { finding in
            guard finding.isGood, let more = tried[finding.address] else { return [finding] }
            if case .met = finding.status { return more }
            return [finding] + more
        }
    }

    /// A failed check: the server did not answer (`unknown`), or its answer does not meet the requirement (`unmet`).
    init(_ declaration: Declaration, _ problem: Diagnostic) {
        let located = problem.locating(declaration)
        self.init(declaration.address, problem.cause.isIgnorance ? .unknown(located) : .unmet(located))
    }
}
