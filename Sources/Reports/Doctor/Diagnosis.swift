package import Engine
package import Language

/// The findings of `drover doctor`.
package struct Diagnosis: Sendable {
    /// A server that the spec needs, or that is configured.
    package struct Server: Sendable {
        /// A feature that not all generations offer.
        package struct Feature: Sendable, Hashable {
            package let name: String
            package let isOffered: Bool
            /// Which versions offer it.
            package let versions: String

            package init(name: String, isOffered: Bool, versions: String) {
                self.name = name
                self.isOffered = isOffered
                self.versions = versions
            }
        }

        package var name: String
        package var url: String
        /// Where the address comes from: `the lab`.
        package var origin: String
        /// Nil when it did not answer.
        package var version: String?
        /// As in `0.2`; nil for servers without generations.
        package var generation: String?
        package var features: [Feature] = []
        /// Why it cannot be used: it is down, or denies reading or writing.
        package var problems: [Diagnostic] = []

        package init(name: String, url: String, origin: String) {
            self.name = name
            self.url = url
            self.origin = origin
        }
    }

    package var servers: [Server]
    /// Nil when there was no spec.
    package var stack: String?
    package var findings: [Finding]
    /// Declarations of the spec that the servers must provide.
    package var declared: [Address]

    package init(servers: [Server], stack: String?, findings: [Finding], declared: [Address]) {
        self.servers = servers
        self.stack = stack
        self.findings = findings
        self.declared = declared
    }

    /// Declarations that could not be checked, because their server is not available.
    package var unseen: [Address] {
        let seen = Set(findings.map(\.address))
        return declared.filter { !seen.contains($0) }
    }

    /// All problems, those of servers first.
    package var diagnostics: [Diagnostic] {
        servers.flatMap(\.problems) + findings.compactMap(\.diagnostic)
    }

    package var isGood: Bool {
        servers.allSatisfy(\.problems.isEmpty) && findings.allSatisfy(\.isGood)
    }

    /// Nil when nothing is missing; `lacking` when something is; `unavailable` when that could not be determined.
    package var cause: Diagnostic.Cause? {
        let errors = diagnostics.filter { $0.severity == .error }
        if errors.contains(where: { !$0.cause.isIgnorance }) { return .lacking }
        return isGood ? nil : .unavailable
    }
}
