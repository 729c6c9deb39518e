package import Engine
package import Language

/// What `drover doctor` found.
package struct Diagnosis: Sendable {
    /// One server that the spec needs, or that is configured.
    package struct Server: Sendable {
        /// Something that some generations offer and others do not.
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
        /// nil when it did not answer.
        package var version: String?
        /// As in `0.2`; nil where there are no generations.
        package var generation: String?
        package var features: [Feature] = []
        /// What keeps it from being used: it is down, or refuses to be read or written.
        package var problems: [Diagnostic] = []

        package init(name: String, url: String, origin: String) {
            self.name = name
            self.url = url
            self.origin = origin
        }
    }

    package var servers: [Server]
    /// nil when there was no spec to look at.
    package var stack: String?
    package var findings: [Finding]
    /// What the spec declares and the servers are to have.
    package var declared: [Address]

    package init(servers: [Server], stack: String?, findings: [Finding], declared: [Address]) {
        self.servers = servers
        self.stack = stack
        self.findings = findings
        self.declared = declared
    }

    /// What could not be looked at, as its server is not to be asked.
    package var unseen: [Address] {
        let seen = Set(findings.map(\.address))
        return declared.filter { !seen.contains($0) }
    }

    /// All that is wrong, servers first.
    package var diagnostics: [Diagnostic] {
        servers.flatMap(\.problems) + findings.compactMap(\.diagnostic)
    }

    package var isGood: Bool {
        servers.allSatisfy(\.problems.isEmpty) && findings.allSatisfy(\.isGood)
    }

    /// Nil when everything is there; `lacking` when something is not; `unavailable` when that could not be found out.
    package var cause: Diagnostic.Cause? {
        let errors = diagnostics.filter { $0.severity == .error }
        if errors.contains(where: { !$0.cause.isIgnorance }) { return .lacking }
        return isGood ? nil : .unavailable
    }
}
