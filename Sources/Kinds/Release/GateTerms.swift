package import Engine
import Language

/// What the releases that wait for a check want of it.
package struct GateTerms: Sendable, Hashable {
    /// The declared name of the agent that is released.
    package let agent: String
    /// How old a passing result may be.
    package let maxEvidenceAge: Duration
    /// Whether the version is also asked as it is logged.
    package let verifiesArtifact: Bool
    /// Whether a check that does not pass only warns.
    package let onlyWarns: Bool
}

extension Kinds {
    /// The terms of a check: the strictest of all releases that wait for it.
    /// - Parameter promoted: Only these releases; nil for all.
    /// - Returns: nil when none waits for it.
    package static func terms(
        of check: Address, in workflow: Workflow, among promoted: Set<Address>? = nil
    ) -> GateTerms? {
        let waiting = workflow.specs(of: ReleaseSpec.self).filter { release in
            release.spec.gates.contains { $0.value == check.name }
                && promoted?.contains(release.declaration.address) ?? true
        }.map(\.spec)
        guard let first = waiting.first else { return nil }
        return GateTerms(
            agent: first.agent.value, maxEvidenceAge: waiting.map(\.maxEvidenceAge).min() ?? .zero,
            verifiesArtifact: waiting.contains { $0.verify == .artifact },
            onlyWarns: waiting.allSatisfy { $0.onFail == .warn })
    }

    /// The suites that a declared release waits for, and how old their results may be; nil where it is not declared.
    package static func gates(
        of release: String, in workflow: Workflow
    ) -> (suites: [String], maxEvidenceAge: Duration)? {
        let found = workflow.specs(of: ReleaseSpec.self).first { $0.declaration.address.name == release }
        return found.map { ($0.spec.gates.map(\.value), $0.spec.maxEvidenceAge) }
    }

    /// A Python program that asks a logged version one question: `{"model": URI, "question": TEXT}` on standard input,
    /// `{"answers": BOOLEAN}` on standard output.
    package static var loggedVersionQuestion: String {
        String(decoding: PackageResources.ask_logged_py, as: UTF8.self)
    }
}
